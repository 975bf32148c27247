// Key groups of a checkpoint as the program has them: every entry made anew as the comparison says.
#pragma once

#include <string>
#include <string_view>

#include "runtime/saved/compare.h"
#include "runtime/saved/entries.h"

namespace flow::runtime {

class Migration {
public:
  // All outlive it.
  Migration(const Schema& saved, const Schema& program, const Comparison& comparison);
  Migration(const Migration&) = delete;
  Migration& operator=(const Migration&) = delete;

  // A group's stream in the program's layouts; states that it does not have are left out. Takes any bytes.
  // `written_us`: the time at which what expires from now on counts as written.
  Result<std::string> migrate(std::string_view group, int64_t written_us) const;

private:
  const Schema& saved_;
  const Schema& program_;
  const Comparison& comparison_;
  SchemaProgram saved_program_, new_program_;
  GroupReader reader_;
  std::vector<EntryCodec> writers_; // by move
};

} // namespace flow::runtime
