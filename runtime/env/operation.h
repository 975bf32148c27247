// The kinds of calls to an Env, for counting, for choosing faults and for the words of a failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace flow::runtime {

enum class Operation : uint8_t {
  open_read,
  open_write,
  read,
  write,
  fsync,
  close,
  stat,
  read_folder,
  rename,
  link,
  remove_file,
  make_folder,
  remove_folder,
  sync_folder,
  lock,
  console_write,
};
constexpr size_t operation_count = 16;

std::string_view operation_name(Operation operation);

// Whether the call changes files or names, or makes changes durable: the points at which a crash can make a difference.
bool is_changing(Operation operation);

// "cannot rename 'a' to 'b': No space left on device". `path` may hold both names (see two_paths).
Status io_failure(Operation operation, std::string_view path, int os_error);
std::string two_paths(std::string_view from, std::string_view to); // a' to 'b

// Of a failure: the thing is simply not there.
bool is_not_found(const Status& status);

} // namespace flow::runtime
