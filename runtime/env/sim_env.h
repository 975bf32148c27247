// The simulated machine: everything an Env offers, in memory, determined by a seed. One SimMachine is a computer that
// outlives crashes: its disk (sim_disk.h), its clock, its faults. One SimEnv is one process on it. All of it belongs
// to one thread.
//
//   SimMachine machine(seed);
//   auto process = std::make_unique<SimEnv>(machine);   // give it to the runtime as its Env
//   machine.advance_us(50'000);                         // time moves only here
//   process->kill();                                    // kill -9: files stay as they are, its locks go
//   machine.lose_power(PowerLoss::random_subset);       // every process dies, unsynced data is lost
//   process = std::make_unique<SimEnv>(machine);        // the next start
//
// Crash points: with die_before(k) the process dies at its k-th changing operation. A dead process is not unwound:
// its calls fail with EIO and do nothing, and the simulator sees is_dead() and drops it. Trying k = 1, 2, … until the
// process ends alive visits every crash point.
//
// Faults are machine.faults(): the k-th call of a kind, EIO, ENOSPC, EROFS, short reads and writes. An fsync that
// fails loses the pending bytes of its file.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "runtime/env/env.h"
#include "runtime/env/faults.h"
#include "runtime/env/sim_disk.h"

namespace flow::runtime {

class SimEnv;

class SimMachine {
public:
  explicit SimMachine(uint64_t seed);
  ~SimMachine();
  SimMachine(const SimMachine&) = delete;
  SimMachine& operator=(const SimMachine&) = delete;

  int64_t now_us() const { return now_us_; } // since the machine was made
  void advance_us(int64_t us);
  int64_t wall_us() const { return now_us_ + wall_offset_us_; }
  void jump_wall_us(int64_t us) { wall_offset_us_ += us; }

  // Copies a file or a folder with all in it from another Env; durable at once.
  Status preload(Env& from, const std::string& from_path, const std::string& to_path);
  // The same for text at hand; folders are made as needed.
  void preload_text(const std::string& path, std::string_view text);

  void lose_power(PowerLoss kind);

  SimDisk& disk() { return disk_; }
  FaultPlan& faults() { return faults_; }
  Random& random() { return random_; }

private:
  friend class SimEnv;

  Random random_;
  SimDisk disk_;
  FaultPlan faults_;
  int64_t now_us_ = 0;
  int64_t wall_offset_us_;
  std::map<SimDisk::Inode, SimEnv*> locks_;
  std::vector<SimEnv*> processes_; // those alive
};

class SimEnv final : public Env {
public:
  explicit SimEnv(SimMachine& machine);
  ~SimEnv() override;
  SimEnv(const SimEnv&) = delete;
  SimEnv& operator=(const SimEnv&) = delete;

  void kill();
  bool is_dead() const { return is_dead_; }
  // The operation is not done; if it is a write, a random part of it is. 0: never.
  void die_before(uint64_t changing_operation) { dies_before_ = changing_operation; }
  uint64_t changing_operations() const { return changing_operations_; }

  const std::string& console_text(Console console) const { return console_[static_cast<size_t>(console)]; }

  int64_t monotonic_us() override { return machine_.now_us() + monotonic_offset_us_; }
  int64_t wall_us() override { return machine_.wall_us(); }
  uint64_t random() override { return random_.next(); }

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
  bool is_terminal(Console) override { return false; }

private:
  friend class SimFile;
  friend class SimLock;

  // What comes before every call: death, the crash point, a planned fault. `hit` says what a write or read may do.
  Status enter(Operation operation, std::string_view path, FaultHit* hit = nullptr);
  bool reaches_crash_point(Operation operation);
  void retain(SimDisk::Inode inode);
  void release(SimDisk::Inode inode);
  void unlock(SimDisk::Inode inode);

  SimMachine& machine_;
  Random random_;
  int64_t monotonic_offset_us_; // differs between processes, as a boot resets it
  bool is_dead_ = false;
  uint64_t changing_operations_ = 0;
  uint64_t dies_before_ = 0;
  std::multiset<SimDisk::Inode> open_;
  std::string console_[2];
};

} // namespace flow::runtime
