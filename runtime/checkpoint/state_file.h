// Writing and reading one task's file of an epoch: sections one behind the other (manifest.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/checkpoint/manifest.h"
#include "runtime/env/env.h"

namespace flow::runtime {

class StateFileWriter {
public:
  // Creates `folder`/`name`. `place` is what section_place() gives.
  static Result<StateFileWriter> create(Env& env, const std::string& folder, const std::string& name,
                                        std::string place);

  // A section's bytes come in any number of pieces. The first failure is kept and told by finish().
  void begin_section(uint32_t group);
  void append(std::string_view bytes);
  void end_section();

  // Everything written; not yet durable.
  Result<StateFile> finish();
  // A failure is final for the job: the bytes may be lost although later calls succeed.
  Status sync();

private:
  StateFileWriter(std::unique_ptr<File> file, const std::string& name, std::string place);
  void flush();

  std::unique_ptr<File> file_;
  std::string place_;
  StateFile written_;
  uint64_t offset_ = 0; // of the open section
  std::string buffer_;
  Status failure_;
};

// Reads every byte and compares lengths and checksums. A failure is `checkpoint_damaged` and names the file.
Status verify_state_file(Env& env, const std::string& folder, const std::string& place, const StateFile& file);

// One section, checked.
Result<std::string> read_section(Env& env, const std::string& folder, const std::string& place, const StateFile& file,
                                 size_t section);

} // namespace flow::runtime
