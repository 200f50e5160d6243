#include "master/commands/commands.hpp"
