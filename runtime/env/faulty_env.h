// An Env in front of another one, on which chosen calls fail: the way to a full or read-only disk, also for root, and
// to an fsync that fails once. A failed call does not reach the Env behind; a failed write may reach it in part, and
// then reports the error.
#pragma once

#include "runtime/env/env.h"
#include "runtime/env/faults.h"

namespace flow::runtime {

class FaultyEnv final : public Env {
public:
  // Both must outlive this and its files.
  FaultyEnv(Env& inner, FaultPlan& faults) : inner_(inner), faults_(faults) {}

  int64_t monotonic_us() override { return inner_.monotonic_us(); }
  int64_t wall_us() override { return inner_.wall_us(); }
  uint64_t random() override { return inner_.random(); }

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

  Status console_write(Console console, std::string_view bytes) override;
  bool is_terminal(Console console) override { return inner_.is_terminal(console); }

private:
  Status check(Operation operation, std::string_view path);

  Env& inner_;
  FaultPlan& faults_;
};

} // namespace flow::runtime
