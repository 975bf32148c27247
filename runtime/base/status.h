// What an operation that may fail says: Status, or Result<T> when it also gives something.
//
// A Status is for failures of the world and of the request (a file, a disk, a checkpoint, a wrong flag). A mistake of
// ours is FLOW_ASSERT; a bad record is neither: it is diverted and counted.
//
// A Status carries the exit code that the process ends with if nobody deals with it, so that the code is chosen where
// the failure is understood, and the message, a sentence for the user that names the thing ("cannot write 'out/a':
// No space left on device"). Each caller adds what it was doing with `with("while …")`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/assert.h"

namespace flow::runtime {

// How a job ends. The numbers are part of the product: scripts test them.
enum class ExitCode : int {
  finished = 0,           // bounded input read to its end, everything committed
  internal_error = 1,     // a mistake of ours
  usage = 2,              // unknown flag, missing parameter, a program that cannot be compiled
  stopped = 3,            // stopped on request; a checkpoint was taken
  bad_data = 4,           // input data or a row in error, where the policy is `stop`
  input_missing = 5,      // input missing or unreadable
  output_failed = 6,      // output or state cannot be written: full, read-only, not permitted
  checkpoint_damaged = 7, // a checkpoint fails its checks
  checkpoint_foreign = 8, // a checkpoint of another program or format
  checkpoint_in_use = 9,  // another instance owns the checkpoint folder
  start_refused = 10,     // the start asked for contradicts what is there (--restore, --fresh)
  wrong_machine = 11,     // compiled for a CPU that this machine does not have
  request_refused = 12,   // what was asked of a running job cannot be: none runs there, it is at its end, …
};

class [[nodiscard]] Status {
public:
  // Success.
  Status() = default;
  // A failure. `os_error` is the errno behind it, or 0.
  // REQUIRES: code is not `finished`.
  Status(ExitCode code, std::string message, int os_error = 0)
      : code_(code), os_error_(os_error), message_(std::move(message)) {
    FLOW_ASSERT(code != ExitCode::finished, "a failure needs a code other than success");
  }

  // This status with more context: "…, while restoring epoch 7". Success stays success.
  Status with(std::string_view context) && {
    if (!is_ok()) message_.append(", ").append(context);
    return std::move(*this);
  }
  Status with(std::string_view context) const& { return Status(*this).with(context); }

  // The same failure seen by one who knows better what it means: a missing manifest is not a missing input.
  Status as(ExitCode code) && {
    if (!is_ok()) code_ = code;
    return std::move(*this);
  }
  Status as(ExitCode code) const& { return Status(*this).as(code); }

  bool is_ok() const { return code_ == ExitCode::finished; }
  ExitCode code() const { return code_; }
  int os_error() const { return os_error_; }
  const std::string& message() const { return message_; }

private:
  ExitCode code_ = ExitCode::finished;
  int os_error_ = 0;
  std::string message_;
};

// A value, or the Status that says why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status failure) : status_(std::move(failure)) {
    FLOW_ASSERT(!status_.is_ok(), "a result without a value needs a failure");
  }

  Result with(std::string_view context) && {
    status_ = std::move(status_).with(context);
    return std::move(*this);
  }
  Result as(ExitCode code) && {
    status_ = std::move(status_).as(code);
    return std::move(*this);
  }

  bool is_ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }

  // REQUIRES: is_ok().
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T value() && { return std::move(checked()); }
  T& operator*() { return checked(); }
  const T& operator*() const { return const_cast<Result*>(this)->checked(); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

private:
  T& checked() {
    FLOW_ASSERT(value_.has_value(), "the value of a failed result was taken");
    return *value_;
  }

  Status status_;
  std::optional<T> value_;
};

} // namespace flow::runtime

// The two lines that follow nearly every fallible call. They are macros because only a macro can return.
//   FLOW_TRY(file->fsync());
//   FLOW_TRY_ASSIGN(std::string text, read_file(env, path));
#define FLOW_TRY(expression)                                                                                           \
  do {                                                                                                                 \
    if (::flow::runtime::Status flow_try_status = (expression); !flow_try_status.is_ok()) {                            \
      return flow_try_status;                                                                                          \
    }                                                                                                                  \
  } while (false)

#define FLOW_TRY_JOIN_(a, b) a##b
#define FLOW_TRY_NAME_(line) FLOW_TRY_JOIN_(flow_try_result_, line)
#define FLOW_TRY_ASSIGN_(result, declaration, expression)                                                              \
  auto result = (expression);                                                                                          \
  if (!result.is_ok()) return std::move(result).status();                                                              \
  declaration = std::move(result).value()
#define FLOW_TRY_ASSIGN(declaration, ...) FLOW_TRY_ASSIGN_(FLOW_TRY_NAME_(__LINE__), declaration, (__VA_ARGS__))
