// The state of one task in one checkpoint: a file of sections, written in one go and read in one go.
//
//   file    := "FLOWTASK" section* end
//   section := kind u8 (1: a key group, 2: an item), group u32 (0 of an item), length u64, that many bytes
//   end     := 0 u8
//
// What is in the sections is the core's affair. The checksum of the whole file, which begins with its name, stands in
// the manifest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/checkpoint/manifest.h"
#include "runtime/env/env.h"

namespace flow::runtime {

enum class SectionKind : uint8_t { end = 0, group = 1, item = 2 };

class TaskFileWriter {
 public:
  // `folder`: of the epoch, there already. The file must not be there.
  static Result<std::unique_ptr<TaskFileWriter>> create(Env& env, const std::string& folder, const std::string& name);

  Status section(SectionKind kind, uint32_t group, std::string_view bytes);
  // Durable, save for its name in the folder. `with_fsync` is false only where a test plants that mistake.
  Result<TaskFile> finish(uint32_t index, bool with_fsync);

 private:
  TaskFileWriter(std::unique_ptr<File> file, std::string name, uint32_t crc)
      : file_(std::move(file)), name_(std::move(name)), crc_(crc) {}
  Status put(std::string_view bytes);
  Status flush();

  std::unique_ptr<File> file_;
  std::string name_;
  std::string buffer_;
  uint64_t length_ = 0;
  uint32_t crc_;
};

// Reads a file that a manifest lists, whole, and checks it.
Result<std::string> read_task_file(Env& env, const std::string& folder, const TaskFile& listed);

// Gives the sections of a checked file to `take`.
Status for_each_section(std::string_view bytes, std::string_view path,
                        const std::function<Status(SectionKind, uint32_t group, std::string_view)>& take);

}  // namespace flow::runtime
