#include "runtime/env/log.h"

#include <algorithm>
#include <array>

#include "runtime/base/calendar.h"
#include "runtime/base/text.h"

namespace flow::runtime {

void Log::write(LogLevel level, std::string_view text) {
  if (!is_on(level)) return;
  constexpr std::array<std::string_view, 4> names = {"error", "warning", "info", "debug"};
  int64_t now_ms = floor_div(env_.wall_us(), 1000);
  std::string line = fmt::format("{} {}: {}", format_timestamp(now_ms * 1000), names[static_cast<size_t>(level)], text);
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  line.push_back('\n');
  (void)env_.console_write(Console::error, line);
}

} // namespace flow::runtime
