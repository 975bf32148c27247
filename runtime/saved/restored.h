// The state of a checkpoint on its way into a program: judged once, at the start, and then made anew group by group
// where the program keeps it in other bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/checkpoint/store.h"
#include "runtime/saved/compare.h"
#include "runtime/saved/migrate.h"

namespace flow::runtime {

class RestoredState {
public:
  // Refuses (`checkpoint_foreign`) what does not fit, and what would be lost unless `allows_lossy`; the message names
  // each part.
  static Result<std::unique_ptr<RestoredState>> judge(const StoredEpoch& epoch, const FlowProgram& program,
                                                      bool allows_lossy);

  const Comparison& comparison() const { return comparison_; }
  // A key group's stream as the program's tasks take it. `written_us` as in Migration::migrate.
  Result<std::string> group(std::string bytes, int64_t written_us) const;

private:
  RestoredState(Schema saved, Schema program);

  Schema saved_, program_;
  Comparison comparison_;
  Migration migration_;
};

// Of the item of a task: its watermark. Nothing: it is no such item, or the task has none yet.
std::optional<int64_t> watermark_of_item(std::string_view item);

} // namespace flow::runtime
