// A file system in memory that loses what was not made durable. Pure data: the simulated Env (sim_env.h) gives it
// paths, processes and faults.
//
// The model. Bytes of a file are durable at its last fsync, names in a folder at the folder's last sync; neither
// implies the other, and a folder's own name is durable with its parent. In between, changes wait as *pending*
// operations, in the order they were made, and a power loss keeps some of them:
//
//   drop_unsynced    none
//   keep_names       changes of names, no bytes: renamed files come back old or empty
//   tear_last_write  all, but the last write is cut somewhere
//   random_prefix    the first so many in time, the last of them perhaps torn
//   random_subset    of every file and folder the first so many, independently; torn writes may end in zeros
//
// A rename within a folder is atomic. One between two folders is a change of each and durable with each of them: after
// a power loss the file may have both names, or, if only the old folder was synced, none. Real file systems are kinder;
// a program that survives this survives them.
// A failed fsync forgets the pending bytes of the file: they stay readable until the power is lost, and no later fsync
// brings them back.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/env/env.h"

namespace flow::runtime {

enum class PowerLoss : uint8_t { drop_unsynced, keep_names, tear_last_write, random_prefix, random_subset };
constexpr size_t power_loss_count = 5;
std::string_view power_loss_name(PowerLoss kind);

class SimDisk {
public:
  using Inode = uint64_t;
  static constexpr Inode none = 0;

  // An inode, or the errno that says why not.
  struct Found {
    Inode inode = none;
    int error = 0;
  };

  SimDisk();

  // Calls by path; they return 0 or an errno. A path starts at the root, with or without a slash; "." and ".." work.
  Found find(std::string_view path) const;
  Found create(std::string_view path, bool must_be_new, int64_t now_us);
  int rename(std::string_view from, std::string_view to, int64_t now_us);
  int link(std::string_view from, std::string_view to, int64_t now_us);
  int remove_file(std::string_view path, int64_t now_us);
  int make_folder(std::string_view path, int64_t now_us);
  int remove_folder(std::string_view path, int64_t now_us);
  int sync_folder(std::string_view path);

  // Calls by inode. REQUIRES: the inode exists and is a file; opened inodes exist until released or a power loss.
  void retain(Inode inode);
  void release(Inode inode);
  size_t read(Inode inode, std::span<char> into, uint64_t offset) const;
  // Writes what fits; less than all means that the disk is full.
  size_t write(Inode inode, std::string_view bytes, uint64_t offset, int64_t now_us);
  void truncate(Inode inode, int64_t now_us);
  void fsync(Inode inode);
  void forget_pending(Inode inode); // what a failed fsync does
  FileStat stat(Inode inode) const; // of folders too
  std::vector<FolderEntry> entries(Inode folder) const;

  // The power goes and comes back: what is not kept is gone, what is there is durable. Nothing is open any more.
  void lose_power(PowerLoss kind, Random& random);
  // Everything becomes durable as it is: the state to begin a test with.
  void sync_all();

  // Everything under the folder is on a device of its own from here on. REQUIRES: the folder exists.
  void mount(std::string_view folder);
  // Bytes that fit on the disk, all devices together.
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  uint64_t used_bytes() const;

  size_t pending_operations() const;
  size_t inode_count() const { return nodes_.size(); }

private:
  struct NameChange {
    std::string name;
    Inode inode; // none: the name goes
  };
  // One step from the durable state towards the current one: name changes of a folder, or of a file a truncation to
  // nothing or a write.
  struct Pending {
    uint64_t sequence = 0;
    std::vector<NameChange> names = {};
    bool is_truncation = false;
    uint64_t offset = 0;
    std::string bytes = {};
    bool is_write() const { return !bytes.empty(); }
  };
  struct Content {
    std::string bytes;                  // of a file
    std::map<std::string, Inode> names; // of a folder
  };
  struct Node {
    FileKind kind = FileKind::file;
    uint64_t device = 1;
    int64_t modified_us = 0;
    uint32_t open_count = 0;
    Content current;
    Content durable;
    std::vector<Pending> pending;
  };
  // How much of its pending operations a node keeps.
  struct Kept {
    size_t operations = 0;
    bool is_torn = false; // the last of them is a write of which only `torn_bytes` came through
    size_t torn_bytes = 0;
    bool ends_in_zeros = false; // the rest of it became zeros instead of nothing
  };
  // The folder a path's last name is in.
  struct Place {
    Inode folder = none;
    std::string name = {};
    int error = 0;
  };

  Node& node(Inode inode);
  const Node& node(Inode inode) const;
  bool is_folder(Inode inode) const { return node(inode).kind == FileKind::folder; }
  Place place_of(std::string_view path) const;
  Inode named(const Place& place) const;
  Inode make_node(FileKind kind, Inode parent, int64_t now_us);
  bool is_beneath(Inode inode, Inode ancestor) const;
  int check_replacing(Inode moved, Inode replaced) const;

  void change_names(Inode folder, std::vector<NameChange> changes, uint64_t sequence, int64_t now_us);
  void change_bytes(Inode file, Pending change, int64_t now_us);
  static void apply(Content& content, const Pending& change, size_t bytes_max, bool ends_in_zeros);

  std::map<Inode, Kept> choose_kept(PowerLoss kind, Random& random) const;
  uint64_t random_sequence_end(Random& random) const;
  void keep_until(uint64_t sequence_end, std::map<Inode, Kept>& kept) const;
  Inode last_written(const std::map<Inode, Kept>& kept) const;
  void tear(Inode inode, Kept& kept, bool may_end_in_zeros, Random& random) const;

  std::vector<Inode> reachable(bool with_durable) const;
  void collect_garbage();

  std::map<Inode, Node> nodes_;
  Inode root_;
  Inode next_inode_ = 2;
  uint64_t next_device_ = 2;
  uint64_t next_sequence_ = 1;
  uint64_t capacity_ = ~uint64_t{0};
  uint32_t name_changes_ = 0; // since the last collection
};

} // namespace flow::runtime
