#include "master/guarded.hpp"

#include <iostream>
#include <string_view>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace harmonic {

ExitCode guarded(bool speak, const std::function<ExitCode()>& body) {
  const auto say = [speak](std::string_view what) {
    if (speak) log::error("{}", first_line(what));
  };
  try {
    const ExitCode code = body();
    if (!speak || std::cout.flush() || code != ExitCode::done) return code;
    say("cannot write to the standard output: what is printed above, or in its file, is not whole");
    return ExitCode::failed;
  } catch (const InputError& e) {
    say(e.what());
    return ExitCode::bad_input;
  } catch (const std::exception& e) {
    say(e.what());
    return ExitCode::failed;
  }
}

}  // namespace harmonic
