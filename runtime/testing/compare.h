// What a test expected and what came out, and the difference as its author wants to read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/testing/script.h"
#include "runtime/testing/stage.h"

namespace flow::runtime {

// The rows that the test expects, from the plain run: the only one that gives them.
class ExpectedRows {
public:
  ExpectedRows(const TestScript& test, const std::vector<CapturedRecord>& records);
  // Of the step, an `expect`.
  const std::vector<std::string>& of(size_t step) const { return by_step_[step]; }

private:
  std::vector<std::vector<std::string>> by_step_;
};

// Empty, or the failed `expect`s, a line each and below it the rows that differ:
//
//   rides.flow:31: expect alerts
//     missing      { ride_id: 1 }
//     unexpected   { ride_id: 2 }
//     different    { ride_id: 3, rides: 2 }
//       came out   { ride_id: 3, rides: 4 }
std::string differences(const TestScript& test, const ExpectedRows& expected,
                        const std::vector<CapturedRecord>& records);

// The members of a JSON object in one line, as name and text of the value. Empty: it is none.
std::vector<std::pair<std::string, std::string>> members_of(std::string_view object);

} // namespace flow::runtime
