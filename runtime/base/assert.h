// FLOW_ASSERT(condition, "sentence"): what must hold if our own code is right. It stays on in every build: a job that
// is wrong must stop before it commits anything. The sentence says what was expected, for the person who gets the
// report. What the world or the user can cause is a Status (status.h), never an assertion.
#pragma once

#include <string_view>

namespace flow::runtime {

// Writes the sentence and the place to standard error and aborts. Takes no lock and no memory, so that it works
// anywhere. Declared cold so that the checks cost a compare and a never taken branch.
[[noreturn]] __attribute__((cold, noinline)) void assertion_failed(const char* file, int line, const char* condition,
                                                                   std::string_view sentence) noexcept;

} // namespace flow::runtime

#define FLOW_ASSERT(condition, sentence)                                                                               \
  (__builtin_expect(static_cast<bool>(condition), 1)                                                                   \
       ? static_cast<void>(0)                                                                                          \
       : ::flow::runtime::assertion_failed(__FILE__, __LINE__, #condition, (sentence)))

// For a place that no run may reach.
#define FLOW_UNREACHABLE(sentence) ::flow::runtime::assertion_failed(__FILE__, __LINE__, "unreachable", (sentence))
