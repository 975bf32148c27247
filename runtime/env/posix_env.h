// The real machine.
#pragma once

#include <atomic>
#include <optional>

#include "runtime/env/env.h"

namespace flow::runtime {

class PosixEnv final : public Env {
public:
  // Without a seed, randomness is seeded by the system.
  explicit PosixEnv(std::optional<uint64_t> seed = std::nullopt);

  int64_t monotonic_us() override;
  int64_t wall_us() override;
  uint64_t random() override;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, Access access) override;
  Result<FileStat> stat(const std::string& path) override;
  Result<std::vector<FolderEntry>> read_folder(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove_file(const std::string& path) override;
  Status make_folder(const std::string& path, Access access) override;
  Status remove_folder(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  // A reader that went away is a failure here, not a signal, if the program ignores SIGPIPE, as it should.
  Status console_write(Console console, std::string_view bytes) override;
  bool is_terminal(Console console) override;

private:
  std::atomic<uint64_t> random_state_;
};

} // namespace flow::runtime
