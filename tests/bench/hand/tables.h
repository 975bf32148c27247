// Keyed state by hand, all of it in huge pages and growing as keys come.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <sys/mman.h>

namespace bench {

constexpr size_t huge_page = 2u << 20;

/// Memory in huge pages from half of one on, below that from the heap.
template <typename T> struct HugePages {
  using value_type = T;
  HugePages() = default;
  template <typename Other> HugePages(const HugePages<Other>&) {}

  T* allocate(size_t count) {
    size_t bytes = count * sizeof(T);
    if (bytes < huge_page / 2) return static_cast<T*>(std::malloc(bytes));
    void* memory = std::aligned_alloc(huge_page, (bytes + huge_page - 1) / huge_page * huge_page);
    if (memory == nullptr) {
      std::perror("memory");
      std::exit(1);
    }
    madvise(memory, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { std::free(memory); }
  template <typename Other> bool operator==(const HugePages<Other>&) const { return true; }
};

template <typename T> using Array = std::vector<T, HugePages<T>>;

struct Entry {
  int64_t key, value;
};

inline uint64_t spread(int64_t key) { return static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15u; }

/// A small index, half empty, over dense entries in the order in which their keys came.
class IndexedTable {
public:
  IndexedTable() : index_(1024, 0) {}

  int64_t& operator[](int64_t key) {
    uint64_t i = spread(key) >> shift_;
    for (;; i = (i + 1) & (index_.size() - 1)) {
      uint32_t at = index_[i];
      if (at == 0) return insert(key, i);
      if (entries_[at - 1].key == key) return entries_[at - 1].value;
    }
  }
  void expect(int64_t key) const { __builtin_prefetch(&index_[spread(key) >> shift_]); }
  template <typename Visit> void each(const Visit& visit) const {
    for (const Entry& entry : entries_) visit(entry.key, entry.value);
  }
  void clear() {
    index_.assign(index_.size(), 0);
    entries_.clear();
  }

private:
  __attribute__((noinline)) int64_t& insert(int64_t key, uint64_t i) {
    entries_.push_back({key, 0});
    index_[i] = static_cast<uint32_t>(entries_.size());
    if (entries_.size() * 2 > index_.size()) grow();
    return entries_.back().value;
  }
  void grow() {
    index_.assign(index_.size() * 2, 0);
    shift_--;
    for (uint32_t e = 0; e < entries_.size(); e++) {
      uint64_t i = spread(entries_[e].key) >> shift_;
      while (index_[i] != 0) i = (i + 1) & (index_.size() - 1);
      index_[i] = e + 1;
    }
  }

  Array<uint32_t> index_; // 1 + the entry's number, 0 where there is none
  Array<Entry> entries_;
  int shift_ = 54;
};

/// Entries in the slots, at least half of them empty. No key is the smallest integer.
class InlineTable {
public:
  InlineTable() : slots_(1024, nobody) {}

  int64_t& operator[](int64_t key) {
    uint64_t i = spread(key) >> shift_;
    for (;; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].key == key) return slots_[i].value;
      if (slots_[i].key == nobody.key) return insert(key, i);
    }
  }
  void expect(int64_t key) const { __builtin_prefetch(&slots_[spread(key) >> shift_], 1); }
  template <typename Visit> void each(const Visit& visit) const {
    for (const Entry& entry : slots_) {
      if (entry.key != nobody.key) visit(entry.key, entry.value);
    }
  }
  void clear() {
    slots_.assign(slots_.size(), nobody);
    count_ = 0;
  }

private:
  static constexpr Entry nobody{INT64_MIN, 0};

  __attribute__((noinline)) int64_t& insert(int64_t key, uint64_t i) {
    slots_[i].key = key;
    if (++count_ * 2 > slots_.size()) {
      grow();
      return (*this)[key];
    }
    return slots_[i].value;
  }
  void grow() {
    Array<Entry> old(slots_.size() * 2, nobody);
    std::swap(old, slots_);
    shift_--;
    for (const Entry& entry : old) {
      if (entry.key == nobody.key) continue;
      uint64_t i = spread(entry.key) >> shift_;
      while (slots_[i].key != nobody.key) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = entry;
    }
  }

  Array<Entry> slots_;
  uint64_t count_ = 0;
  int shift_ = 54;
};

} // namespace bench
