#include "runtime/env/operation.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>

#include <array>

namespace flow::runtime {
namespace {

struct Description {
  std::string_view name;
  std::string_view verb; // "cannot … 'path'"
  bool is_changing;
  ExitCode code;
};

constexpr std::array<Description, operation_count> descriptions = {{
    {"open_read", "open", false, ExitCode::input_missing},
    {"open_write", "create", true, ExitCode::output_failed},
    {"read", "read", false, ExitCode::input_missing},
    {"write", "write", true, ExitCode::output_failed},
    {"fsync", "make durable", true, ExitCode::output_failed},
    {"close", "close", false, ExitCode::output_failed},
    {"stat", "look at", false, ExitCode::input_missing},
    {"read_folder", "list", false, ExitCode::input_missing},
    {"rename", "rename", true, ExitCode::output_failed},
    {"link", "link", true, ExitCode::output_failed},
    {"remove_file", "remove", true, ExitCode::output_failed},
    {"make_folder", "make the folder", true, ExitCode::output_failed},
    {"remove_folder", "remove the folder", true, ExitCode::output_failed},
    {"sync_folder", "make the names durable in", true, ExitCode::output_failed},
    {"lock", "lock", true, ExitCode::output_failed},
    {"console_write", "write to", false, ExitCode::output_failed},
}};
static_assert(descriptions.back().name == "console_write", "one description per operation, in order");

const Description& describe(Operation operation) { return descriptions[static_cast<size_t>(operation)]; }

// The system's words in English whatever the locale, safe on every thread.
std::string_view error_words(int os_error) {
  const char* words = strerrordesc_np(os_error);
  return words != nullptr ? words : "unknown error";
}

} // namespace

std::string_view operation_name(Operation operation) { return describe(operation).name; }
bool is_changing(Operation operation) { return describe(operation).is_changing; }

Status io_failure(Operation operation, std::string_view path, int os_error) {
  const Description& description = describe(operation);
  return Status(description.code, fmt::format("cannot {} '{}': {}", description.verb, path, error_words(os_error)),
                os_error);
}

std::string two_paths(std::string_view from, std::string_view to) { return fmt::format("{}' to '{}", from, to); }

bool is_not_found(const Status& status) { return status.os_error() == ENOENT || status.os_error() == ENOTDIR; }

} // namespace flow::runtime
