#include "proto/event_records.hpp"

#include <boost/crc.hpp>
#include <fmt/format.h>

#include "event.pb.h"

namespace harmonic {
namespace {

constexpr std::string_view kVersion = "brain.Event:2";
constexpr int kStart = 1;  ///< SessionLog.START
constexpr std::uint32_t kCastagnoli = 0x1EDC6F41, kOnes = 0xFFFFFFFF, kMask = 0xa282ead8;

void put_number(std::string& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xffU);
}

/// Masked, since checksums of bytes that hold checksums are poor ones.
std::uint32_t masked_crc(std::string_view bytes) {
  boost::crc_optimal<32, kCastagnoli, kOnes, kOnes, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t sum = crc.checksum();
  return (sum >> 15U | sum << 17U) + kMask;
}

}  // namespace

std::string event_record(std::string_view event) {
  std::string record;
  put_number(record, event.size(), 8);
  put_number(record, masked_crc(record), 4);
  record += event;
  put_number(record, masked_crc(event), 4);
  return record;
}

std::string version_record(double wall_time_s) {
  wire::Event event;
  event.set_wall_time(wall_time_s);
  event.set_file_version(std::string(kVersion));
  return event_record(event.SerializeAsString());
}

std::string start_record(std::int64_t step, double wall_time_s) {
  wire::Event event;
  event.set_wall_time(wall_time_s);
  event.set_step(step);
  event.mutable_session_log()->set_status(kStart);
  return event_record(event.SerializeAsString());
}

std::string values_record(const Curves& curves, const CurveRow& row) {
  wire::Event event;
  event.set_wall_time(row.wall_time_s);
  event.set_step(row.step);
  for (std::size_t c = 0; c < curves.names.size(); ++c) {
    if (!row.values[c]) continue;
    auto& value = *event.mutable_summary()->add_value();
    value.set_tag(curves.names[c]);
    value.set_simple_value(static_cast<float>(*row.values[c]));
  }
  return event_record(event.SerializeAsString());
}

std::string event_file(const std::vector<Curves>& tables) {
  const auto& first = tables.front().rows;
  std::string text = version_record(first.empty() ? 0 : first.front().wall_time_s);
  for (const auto& curves : tables)
    for (const auto& row : curves.rows) text += values_record(curves, row);
  return text;
}

std::string event_file_name(int number) {
  return fmt::format("events.out.tfevents.{:06}", number);
}

}  // namespace harmonic
