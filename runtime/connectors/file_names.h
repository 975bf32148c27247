// How the file sink names its files, and reads the names again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow::runtime {

struct FileNames {
  std::string suffix;    // of the job, may be empty
  std::string extension; // without a dot
  std::string job_id;    // of this job; staged names begin with it

  std::string staged(uint64_t attempt, uint64_t epoch, uint32_t task, uint64_t number) const;
  std::string committed(uint64_t epoch, uint32_t task) const;
  std::string marker() const;
  std::string lock() const;

  // The attempt that staged a file of this job; nothing if the name is none of ours.
  std::optional<uint64_t> attempt_of(std::string_view staged_name) const;
  // The epoch of a committed file of this job; likewise.
  std::optional<uint64_t> epoch_of(std::string_view committed_name) const;

private:
  std::string tail() const; // "-suffix.extension"
};

} // namespace flow::runtime
