#!/usr/bin/env bash
# A real Slurm of two nodes on this machine, for trying and for tests: Debian's daemons, a configuration of its own, nothing of the
# machine's own Slurm or munge touched. Needs root. Each node has a host name and a network of its own, where the kernel lets root make
# them (Linux namespaces: a bridge, and a link a node that can be cut); else both share the machine's.
#
#   deploy/slurm/local-cluster.sh install        the packages: slurmctld slurmd slurm-client munge iproute2
#   deploy/slurm/local-cluster.sh start          starts it, and waits until both nodes are idle
#   eval "$(deploy/slurm/local-cluster.sh env)"  then sbatch, srun, squeue, scontrol … mean this cluster
#   deploy/slurm/local-cluster.sh stop           ends its jobs and its daemons, removes its networks and files
#
# Faults, for tests; NODE is node-a or node-b:
#   … cut NODE, mend NODE      the node's network link, down and up (namespaces only)
#   … kill NODE, revive NODE   all that runs on the node, its slurmd too, by SIGKILL; slurmd started again
#   … on NODE COMMAND…         runs a command there
#
# Of the environment: HARMONIC_SLURM_FOLDER, of configuration, state and logs [/tmp/harmonic-slurm]; HARMONIC_SLURM_CPUS, that each
# node claims to have, whatever the machine has [8]; HARMONIC_SLURM_NETWORK=shared, no namespaces.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/../env.sh"
folder=${HARMONIC_SLURM_FOLDER:-/tmp/harmonic-slurm}
cpus=${HARMONIC_SLURM_CPUS:-8}
nodes=(node-a node-b)
bridge=harmonic0 subnet=10.213.17
PATH=$PATH:/usr/sbin:/sbin
say() { printf 'local-cluster: %s\n' "$*" >&2; }
refuse() { say "$@"; exit 2; }

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; }
number_of() { # of a node, from 1
  local i
  for i in "${!nodes[@]}"; do [ "${nodes[i]}" != "$1" ] || { echo $((i + 1)); return; }; done
  refuse "no node '$1'; there are: ${nodes[*]}"
}
namespaces() { [ -e "$folder/namespaces" ]; } # each node has its own
address_of() { if namespaces; then echo "$subnet.$((10 + $(number_of "$1")))"; else echo 127.0.0.1; fi; }

# on NODE COMMAND…: as a process of that node.
on() {
  local node=$1
  shift
  if namespaces; then
    nsenter --net="/run/netns/harmonic-$node" --uts="$folder/$node/uts" -- "$@"
  else
    "$@"
  fi
}

# Whether the kernel lets us make them: not in every container.
may_have_namespaces() {
  [ "${HARMONIC_SLURM_NETWORK:-}" != shared ] && command -v ip >/dev/null &&
    unshare --net --uts -- ip link add harmonic1 type bridge 2>/dev/null
}
make_network() {
  local node link n
  : >"$folder/namespaces"
  ip link add $bridge type bridge
  ip link set $bridge alias "$folder" # whose it is
  ip address add $subnet.1/24 dev $bridge
  ip link set $bridge up
  for node in "${nodes[@]}"; do
    n=$(number_of "$node") link=harmonic-$(number_of "$node")
    ip netns add "harmonic-$node"
    ip link add "$link" type veth peer name eth0 netns "harmonic-$node"
    ip link set "$link" master $bridge up
    : >"$folder/$node/uts"
    unshare --uts="$folder/$node/uts" -- hostname "$node"
    on "$node" ip address add "$subnet.$((10 + n))/24" dev eth0
    on "$node" ip link set eth0 up
    on "$node" ip link set lo up
  done
}
# No other cluster's network is in the way. One whose folder was taken away has no cluster any more, and goes.
check_bridge() {
  local owner
  if ip link show $bridge >/dev/null 2>&1; then
    owner=$(cat "/sys/class/net/$bridge/ifalias")
    [ -n "$owner" ] || refuse "a network of the name $bridge is there that is no cluster's: remove it with ip link delete $bridge"
    [ ! -e "$owner/slurm.conf" ] || refuse "another such cluster is there: stop it with HARMONIC_SLURM_FOLDER=$owner $0 stop"
  fi
  remove_network
}
remove_network() {
  local node
  for node in "${nodes[@]}"; do
    ! mountpoint -q "$folder/$node/uts" || umount "$folder/$node/uts"
    [ ! -e "/run/netns/harmonic-$node" ] || ip netns delete "harmonic-$node"
  done
  ! ip link show $bridge >/dev/null 2>&1 || ip link delete $bridge
}

# cred_expire: what a requeued job waits for, 120 s where nothing is said.
configure() {
  local controller=127.0.0.1 node
  ! namespaces || controller=$subnet.1
  cat >"$folder/slurm.conf" <<CONF
ClusterName=harmonic
SlurmctldHost=$(hostname -s)($controller)
SlurmctldPort=26817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=10
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/slurmctld.log
StateSaveLocation=$folder/state
SlurmdPidFile=$folder/%n/slurmd.pid
SlurmdLogFile=$folder/%n/slurmd.log
SlurmdSpoolDir=$folder/%n/spool
TmpFS=$folder/%n/tmp
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=1,sched_interval=2
ReturnToService=1
SlurmdTimeout=10
KillWait=5
MailProg=/bin/true
CONF
  for node in "${nodes[@]}"; do
    echo "NodeName=$node NodeHostname=$(namespaces && echo "$node" || hostname -s) NodeAddr=$(address_of "$node") Port=$((26820 + $(number_of "$node"))) CPUs=$cpus State=UNKNOWN" >>"$folder/slurm.conf"
  done
  echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP" >>"$folder/slurm.conf"
}

start_munge() {
  local munge=$folder/munge
  mkdir -p "$munge"
  dd if=/dev/urandom of="$munge/key" bs=128 count=1 status=none
  chmod 400 "$munge/key"
  chown -R munge: "$munge"
  setpriv --reuid=munge --regid=munge --clear-groups munged --socket="$munge/socket" --key-file="$munge/key" --pid-file="$munge/pid" \
    --log-file="$munge/log" --seed-file="$munge/seed"
}
start_slurmd() { on "$1" slurmd -N "$1" -f "$folder/slurm.conf"; }
idle_nodes() { sinfo --noheader --states=idle --format=%D 2>/dev/null | awk '{n += $1} END {print n + 0}'; }
wait_for_nodes() {
  local until=$((SECONDS + 30))
  while [ "$(idle_nodes)" -lt ${#nodes[@]} ]; do
    [ $SECONDS -lt $until ] || { say "the nodes are not idle after 30 s; see $folder/*.log and $folder/*/slurmd.log"; return 1; }
    sleep 0.2
  done
}

start() {
  local program node
  [ "$(id -u)" -eq 0 ] || refuse "needs root"
  for program in slurmctld slurmd munged sbatch; do
    command -v $program >/dev/null || refuse "there is no $program; call: $0 install"
  done
  if [ -e "$folder/slurm.conf" ]; then stop; fi # of a start that was cut off
  check_bridge
  mkdir -p "$folder/state"
  chmod 755 "$folder"
  for node in "${nodes[@]}"; do mkdir -p "$folder/$node/spool" "$folder/$node/tmp"; done
  if may_have_namespaces; then make_network; fi
  configure
  export SLURM_CONF=$folder/slurm.conf
  start_munge
  slurmctld -f "$folder/slurm.conf"
  for node in "${nodes[@]}"; do start_slurmd "$node"; done
  wait_for_nodes
  namespaces && say "two nodes, each with a network of its own" || say "two nodes on the machine's own network"
}

# Every process of a node: of its namespaces; else what Slurm started there.
processes_of() {
  local process own
  if namespaces; then
    own=$(on "$1" readlink /proc/self/ns/net)
    for process in /proc/[0-9]*; do
      [ "$(readlink "$process/ns/net" 2>/dev/null)" != "$own" ] || echo "${process#/proc/}"
    done
  else
    grep -lzxF "SLURMD_NODENAME=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
    process=$(cat "$folder/$1/slurmd.pid" 2>/dev/null) || return 0
    [ "$(cat "/proc/$process/comm" 2>/dev/null)" != slurmd ] || echo "$process"
  fi
}
kill_node() { # until nothing is left that could start another
  local pids
  for _ in {1..20}; do
    pids=$(processes_of "$1" | grep -vx -e $$ -e "$BASHPID" || true)
    [ -n "$pids" ] || return 0
    kill -KILL $pids 2>/dev/null || true
    sleep 0.1
  done
}

# end_daemon NAME PIDFILE: unless another process has got that number since.
end_daemon() {
  local pid
  pid=$(cat "$2" 2>/dev/null) || return 0
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] || kill -KILL "$pid"
}
stop() {
  local node
  export SLURM_CONF=$folder/slurm.conf
  end_daemon slurmctld "$folder/slurmctld.pid"
  for node in "${nodes[@]}"; do kill_node "$node"; done
  end_daemon munged "$folder/munge/pid"
  if namespaces; then remove_network; fi
  rm -rf "$folder"
}

[ $# -ge 1 ] || { usage; exit 2; }
action=$1
shift
case "$action" in
  -h | --help) usage ;;
  install) HARMONIC_SLURM=1 "$here/../setup.sh" ;;
  start) start ;;
  stop) [ ! -e "$folder" ] || stop ;;
  env)
    echo "export SLURM_CONF=$folder/slurm.conf"
    # Two of Open MPI's daemons under one host name would mix up their ranks' shared memory.
    namespaces || echo "export OMPI_MCA_btl=tcp,self"
    ;;
  on) on "$@" ;;
  cut | mend)
    namespaces || refuse "the nodes share the machine's network: there is no link to $action"
    ip link set "harmonic-$(number_of "$1")" "$([ "$action" = cut ] && echo down || echo up)"
    ;;
  kill) number_of "$1" >/dev/null && kill_node "$1" ;;
  revive) export SLURM_CONF=$folder/slurm.conf && start_slurmd "$1" && wait_for_nodes ;;
  *) refuse "no action '$action'; see $0 --help" ;;
esac
