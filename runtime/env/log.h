// The log: lines for the operator on standard error, one write each, so that lines of several threads do not mix.
// Never called per event. Failures to write it are ignored: a job does not stop because nobody listens.
//
// Never log the contents of records or secrets; say where they are instead.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "runtime/env/env.h"

namespace flow::runtime {

enum class LogLevel : uint8_t { error, warning, info, debug };

class Log {
public:
  // `level`: the least urgent that is still written. The Env must outlive the log.
  explicit Log(Env& env, LogLevel level = LogLevel::info) : env_(env), level_(level) {}

  template <typename... Args> void error(fmt::format_string<Args...> format, Args&&... args) {
    write_formatted(LogLevel::error, format, fmt::make_format_args(args...));
  }
  template <typename... Args> void warning(fmt::format_string<Args...> format, Args&&... args) {
    write_formatted(LogLevel::warning, format, fmt::make_format_args(args...));
  }
  template <typename... Args> void info(fmt::format_string<Args...> format, Args&&... args) {
    write_formatted(LogLevel::info, format, fmt::make_format_args(args...));
  }
  template <typename... Args> void debug(fmt::format_string<Args...> format, Args&&... args) {
    write_formatted(LogLevel::debug, format, fmt::make_format_args(args...));
  }

  bool is_on(LogLevel level) const { return level <= level_; }
  // One line: "2024-01-31T10:00:00.123Z warning: …". Line ends in the text become spaces.
  void write(LogLevel level, std::string_view text);

private:
  void write_formatted(LogLevel level, fmt::string_view format, fmt::format_args args) {
    if (is_on(level)) write(level, fmt::vformat(format, args));
  }

  Env& env_;
  LogLevel level_;
};

} // namespace flow::runtime
