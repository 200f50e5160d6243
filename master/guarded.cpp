#include "master/guarded.hpp"

#include <string_view>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace harmonic {

ExitCode guarded(bool speak, const std::function<ExitCode()>& body) {
  const auto say = [speak](std::string_view what) {
    if (speak) log::error("{}", first_line(what));
  };
  try {
    return body();
  } catch (const InputError& e) {
    say(e.what());
    return ExitCode::bad_input;
  } catch (const std::exception& e) {
    say(e.what());
    return ExitCode::failed;
  }
}

}  // namespace harmonic
