#include "runtime/env/sim_disk.h"

#include <errno.h>

#include <algorithm>
#include <array>
#include <set>

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

constexpr uint32_t name_changes_per_collection = 256;

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    size_t slash = std::min(path.find('/'), path.size());
    std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

} // namespace

std::string_view power_loss_name(PowerLoss kind) {
  constexpr std::array<std::string_view, power_loss_count> names = {"drop_unsynced", "keep_names", "tear_last_write",
                                                                    "random_prefix", "random_subset"};
  return names[static_cast<size_t>(kind)];
}

SimDisk::SimDisk() : root_(1) { nodes_[root_].kind = FileKind::folder; }

SimDisk::Node& SimDisk::node(Inode inode) {
  auto found = nodes_.find(inode);
  FLOW_ASSERT(found != nodes_.end(), "an inode in use exists");
  return found->second;
}

const SimDisk::Node& SimDisk::node(Inode inode) const { return const_cast<SimDisk*>(this)->node(inode); }

// --- Names ---

SimDisk::Place SimDisk::place_of(std::string_view path) const {
  std::vector<std::string> parts = parts_of(path);
  if (parts.empty()) return {.error = path.empty() ? ENOENT : EBUSY};
  Inode folder = root_;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto& names = node(folder).current.names;
    auto found = names.find(parts[i]);
    if (found == names.end()) return {.error = ENOENT};
    folder = found->second;
    if (!is_folder(folder)) return {.error = ENOTDIR};
  }
  return {.folder = folder, .name = parts.back()};
}

SimDisk::Inode SimDisk::named(const Place& place) const {
  const auto& names = node(place.folder).current.names;
  auto found = names.find(place.name);
  return found == names.end() ? none : found->second;
}

SimDisk::Found SimDisk::find(std::string_view path) const {
  if (path.empty()) return {.error = ENOENT};
  if (parts_of(path).empty()) return {.inode = root_};
  Place place = place_of(path);
  if (place.error != 0) return {.error = place.error};
  Inode inode = named(place);
  return {.inode = inode, .error = inode == none ? ENOENT : 0};
}

SimDisk::Inode SimDisk::make_node(FileKind kind, Inode parent, int64_t now_us) {
  Inode inode = next_inode_++;
  Node& made = nodes_[inode];
  made.kind = kind;
  made.device = node(parent).device;
  made.modified_us = now_us;
  return inode;
}

SimDisk::Found SimDisk::create(std::string_view path, bool must_be_new, int64_t now_us) {
  Place place = place_of(path);
  if (place.error != 0) return {.error = place.error == EBUSY ? EISDIR : place.error};
  Inode inode = named(place);
  if (inode != none) {
    if (must_be_new) return {.error = EEXIST};
    if (is_folder(inode)) return {.error = EISDIR};
    return {.inode = inode};
  }
  inode = make_node(FileKind::file, place.folder, now_us);
  change_names(place.folder, {{place.name, inode}}, next_sequence_++, now_us);
  return {.inode = inode};
}

// What rename says when its target exists.
int SimDisk::check_replacing(Inode moved, Inode replaced) const {
  if (replaced == none) return 0;
  if (is_folder(replaced) && !is_folder(moved)) return EISDIR;
  if (!is_folder(replaced) && is_folder(moved)) return ENOTDIR;
  return node(replaced).current.names.empty() ? 0 : ENOTEMPTY;
}

bool SimDisk::is_beneath(Inode inode, Inode ancestor) const {
  if (inode == ancestor) return true;
  for (const auto& [name, child] : node(ancestor).current.names) {
    if (is_beneath(inode, child)) return true;
  }
  return false;
}

int SimDisk::rename(std::string_view from, std::string_view to, int64_t now_us) {
  Place source = place_of(from);
  Place target = place_of(to);
  if (source.error != 0) return source.error;
  if (target.error != 0) return target.error;
  Inode moved = named(source);
  Inode replaced = named(target);
  if (moved == none) return ENOENT;
  if (node(moved).device != node(target.folder).device) return EXDEV;
  // In the order in which Linux asks.
  if (is_folder(moved) && is_beneath(target.folder, moved)) return EINVAL;
  if (replaced != none && is_beneath(source.folder, replaced)) return ENOTEMPTY;
  if (moved == replaced) return 0;
  if (int error = check_replacing(moved, replaced)) return error;
  uint64_t sequence = next_sequence_++;
  if (source.folder == target.folder) {
    change_names(source.folder, {{source.name, none}, {target.name, moved}}, sequence, now_us);
  } else {
    change_names(source.folder, {{source.name, none}}, sequence, now_us);
    change_names(target.folder, {{target.name, moved}}, sequence, now_us);
  }
  return 0;
}

int SimDisk::link(std::string_view from, std::string_view to, int64_t now_us) {
  Found source = find(from);
  Place target = place_of(to);
  if (source.error != 0) return source.error;
  if (target.error != 0) return target.error == EBUSY ? EEXIST : target.error;
  if (named(target) != none) return EEXIST;
  if (node(source.inode).device != node(target.folder).device) return EXDEV;
  if (is_folder(source.inode)) return EPERM;
  change_names(target.folder, {{target.name, source.inode}}, next_sequence_++, now_us);
  return 0;
}

int SimDisk::remove_file(std::string_view path, int64_t now_us) {
  Place place = place_of(path);
  if (place.error != 0) return place.error == EBUSY ? EISDIR : place.error;
  Inode inode = named(place);
  if (inode == none) return ENOENT;
  if (is_folder(inode)) return EISDIR;
  change_names(place.folder, {{place.name, none}}, next_sequence_++, now_us);
  return 0;
}

int SimDisk::make_folder(std::string_view path, int64_t now_us) {
  Place place = place_of(path);
  if (place.error != 0) return place.error == EBUSY ? EEXIST : place.error;
  if (named(place) != none) return EEXIST;
  Inode inode = make_node(FileKind::folder, place.folder, now_us);
  change_names(place.folder, {{place.name, inode}}, next_sequence_++, now_us);
  return 0;
}

int SimDisk::remove_folder(std::string_view path, int64_t now_us) {
  Place place = place_of(path);
  if (place.error != 0) return place.error;
  Inode inode = named(place);
  if (inode == none) return ENOENT;
  if (!is_folder(inode)) return ENOTDIR;
  if (!node(inode).current.names.empty()) return ENOTEMPTY;
  change_names(place.folder, {{place.name, none}}, next_sequence_++, now_us);
  return 0;
}

void SimDisk::change_names(Inode folder, std::vector<NameChange> changes, uint64_t sequence, int64_t now_us) {
  Node& changed = node(folder);
  changed.modified_us = now_us;
  changed.pending.push_back({.sequence = sequence, .names = std::move(changes)});
  apply(changed.current, changed.pending.back(), 0, false);
  if (++name_changes_ >= name_changes_per_collection) collect_garbage();
}

int SimDisk::sync_folder(std::string_view path) {
  Found found = find(path);
  if (found.error != 0) return found.error;
  if (!is_folder(found.inode)) return ENOTDIR;
  fsync(found.inode);
  return 0;
}

std::vector<FolderEntry> SimDisk::entries(Inode folder) const {
  std::vector<FolderEntry> result;
  for (const auto& [name, inode] : node(folder).current.names) result.push_back({name, node(inode).kind});
  return result;
}

// --- Bytes ---

void SimDisk::retain(Inode inode) { ++node(inode).open_count; }

void SimDisk::release(Inode inode) {
  FLOW_ASSERT(node(inode).open_count > 0, "only what is open can be closed");
  --node(inode).open_count;
}

size_t SimDisk::read(Inode inode, std::span<char> into, uint64_t offset) const {
  const std::string& bytes = node(inode).current.bytes;
  if (offset >= bytes.size()) return 0;
  return bytes.copy(into.data(), into.size(), offset);
}

size_t SimDisk::write(Inode inode, std::string_view bytes, uint64_t offset, int64_t now_us) {
  if (capacity_ != ~uint64_t{0}) {
    uint64_t used = used_bytes();
    uint64_t overwritten =
        node(inode).current.bytes.size() - std::min<uint64_t>(offset, node(inode).current.bytes.size());
    uint64_t fitting = overwritten + (capacity_ > used ? capacity_ - used : 0);
    bytes = bytes.substr(0, fitting);
  }
  if (!bytes.empty()) change_bytes(inode, {.offset = offset, .bytes = std::string(bytes)}, now_us);
  return bytes.size();
}

void SimDisk::truncate(Inode inode, int64_t now_us) {
  if (!node(inode).current.bytes.empty()) change_bytes(inode, {.is_truncation = true}, now_us);
}

void SimDisk::change_bytes(Inode file, Pending change, int64_t now_us) {
  Node& changed = node(file);
  FLOW_ASSERT(changed.kind == FileKind::file, "only files have bytes");
  changed.modified_us = now_us;
  change.sequence = next_sequence_++;
  apply(changed.current, change, change.bytes.size(), false);
  changed.pending.push_back(std::move(change));
}

void SimDisk::fsync(Inode inode) {
  Node& synced = node(inode);
  for (const Pending& change : synced.pending) apply(synced.durable, change, change.bytes.size(), false);
  synced.pending.clear();
}

void SimDisk::forget_pending(Inode inode) { node(inode).pending.clear(); }

FileStat SimDisk::stat(Inode inode) const {
  const Node& found = node(inode);
  return {.kind = found.kind,
          .device = found.device,
          .inode = inode,
          .size = found.current.bytes.size(),
          .modified_us = found.modified_us};
}

// Only the first `bytes_max` bytes of a write count; the rest is left out or becomes zeros.
void SimDisk::apply(Content& content, const Pending& change, size_t bytes_max, bool ends_in_zeros) {
  for (const NameChange& name : change.names) {
    if (name.inode == none) {
      content.names.erase(name.name);
    } else {
      content.names[name.name] = name.inode;
    }
  }
  if (change.is_truncation) content.bytes.clear();
  if (!change.is_write()) return;
  std::string bytes = change.bytes.substr(0, bytes_max);
  if (ends_in_zeros) bytes.resize(change.bytes.size(), '\0');
  if (bytes.empty()) return;
  if (content.bytes.size() < change.offset + bytes.size()) content.bytes.resize(change.offset + bytes.size(), '\0');
  content.bytes.replace(change.offset, bytes.size(), bytes);
}

// --- Power ---

void SimDisk::lose_power(PowerLoss kind, Random& random) {
  std::map<Inode, Kept> kept = choose_kept(kind, random);
  for (auto& [inode, node] : nodes_) {
    const Kept& keep = kept[inode];
    for (size_t i = 0; i < keep.operations; ++i) {
      const Pending& change = node.pending[i];
      bool is_torn = keep.is_torn && i + 1 == keep.operations;
      apply(node.durable, change, is_torn ? keep.torn_bytes : change.bytes.size(), is_torn && keep.ends_in_zeros);
    }
    node.pending.clear();
    node.current = node.durable;
    node.open_count = 0;
  }
  collect_garbage();
}

std::map<SimDisk::Inode, SimDisk::Kept> SimDisk::choose_kept(PowerLoss kind, Random& random) const {
  std::map<Inode, Kept> kept;
  switch (kind) {
  case PowerLoss::drop_unsynced: break;
  case PowerLoss::keep_names:
    for (auto& [inode, node] : nodes_) {
      if (node.kind == FileKind::folder) kept[inode].operations = node.pending.size();
    }
    break;
  case PowerLoss::tear_last_write:
    keep_until(next_sequence_, kept);
    if (Inode inode = last_written(kept)) {
      // Everything that was written to this file afterwards is nothing: the write is its last operation.
      tear(inode, kept[inode], false, random);
    }
    break;
  case PowerLoss::random_prefix:
    keep_until(random_sequence_end(random), kept);
    if (Inode inode = last_written(kept); inode != none && random.one_in(2)) tear(inode, kept[inode], false, random);
    break;
  case PowerLoss::random_subset:
    for (auto& [inode, node] : nodes_) {
      kept[inode].operations = random.below(node.pending.size() + 1);
      if (random.one_in(2)) tear(inode, kept[inode], true, random);
    }
    break;
  }
  return kept;
}

// One of the moments between two pending operations, before the first and after the last.
uint64_t SimDisk::random_sequence_end(Random& random) const {
  std::set<uint64_t> sequences; // the two halves of a rename share one
  for (auto& [inode, node] : nodes_) {
    for (const Pending& change : node.pending) sequences.insert(change.sequence);
  }
  uint64_t kept = random.below(sequences.size() + 1);
  return kept == sequences.size() ? next_sequence_ : *std::next(sequences.begin(), static_cast<ptrdiff_t>(kept));
}

void SimDisk::keep_until(uint64_t sequence_end, std::map<Inode, Kept>& kept) const {
  for (auto& [inode, node] : nodes_) {
    auto is_kept = [&](const Pending& change) { return change.sequence < sequence_end; };
    kept[inode].operations = static_cast<size_t>(std::count_if(node.pending.begin(), node.pending.end(), is_kept));
  }
}

// The file whose last kept operation is the latest kept write of all, or none.
SimDisk::Inode SimDisk::last_written(const std::map<Inode, Kept>& kept) const {
  Inode last = none;
  uint64_t latest = 0;
  for (auto& [inode, keep] : kept) {
    if (keep.operations == 0) continue;
    const Pending& change = node(inode).pending[keep.operations - 1];
    if (!change.is_write() || change.sequence < latest) continue;
    last = inode;
    latest = change.sequence;
  }
  return last;
}

void SimDisk::tear(Inode inode, Kept& kept, bool may_end_in_zeros, Random& random) const {
  if (kept.operations == 0) return;
  const Pending& change = node(inode).pending[kept.operations - 1];
  if (!change.is_write()) return;
  kept.is_torn = true;
  kept.torn_bytes = random.below(change.bytes.size());
  kept.ends_in_zeros = may_end_in_zeros && random.one_in(2);
}

void SimDisk::sync_all() {
  for (auto& [inode, node] : nodes_) fsync(inode);
}

// --- The disk as a whole ---

void SimDisk::mount(std::string_view folder) {
  Found found = find(folder);
  FLOW_ASSERT(found.error == 0 && is_folder(found.inode), "only a folder that exists can be a mount point");
  uint64_t device = next_device_++;
  std::vector<Inode> inside = {found.inode};
  while (!inside.empty()) {
    Inode inode = inside.back();
    inside.pop_back();
    node(inode).device = device;
    for (const auto& [name, child] : node(inode).current.names) inside.push_back(child);
  }
}

uint64_t SimDisk::used_bytes() const {
  uint64_t used = 0;
  for (Inode inode : reachable(false)) used += node(inode).current.bytes.size();
  return used;
}

size_t SimDisk::pending_operations() const {
  size_t count = 0;
  for (auto& [inode, node] : nodes_) count += node.pending.size();
  return count;
}

// Everything that has a name or is open; with_durable: also what a power loss could give a name again.
std::vector<SimDisk::Inode> SimDisk::reachable(bool with_durable) const {
  std::set<Inode> seen;
  std::vector<Inode> waiting = {root_};
  for (auto& [inode, node] : nodes_) {
    if (node.open_count > 0) waiting.push_back(inode);
  }
  while (!waiting.empty()) {
    Inode inode = waiting.back();
    waiting.pop_back();
    if (inode == none || !seen.insert(inode).second) continue;
    const Node& reached = node(inode);
    for (auto& [name, child] : reached.current.names) waiting.push_back(child);
    if (!with_durable) continue;
    for (auto& [name, child] : reached.durable.names) waiting.push_back(child);
    for (auto& change : reached.pending) {
      for (auto& name : change.names) waiting.push_back(name.inode);
    }
  }
  return {seen.begin(), seen.end()};
}

void SimDisk::collect_garbage() {
  name_changes_ = 0;
  std::vector<Inode> live = reachable(true); // sorted
  std::erase_if(nodes_, [&](const auto& entry) { return !std::binary_search(live.begin(), live.end(), entry.first); });
}

} // namespace flow::runtime
