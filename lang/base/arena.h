// Arena: the one owner of everything a tree points to.
//
// Nodes, lists and texts are written once, in order, and freed together when the arena dies. No destructor runs, so
// only trivially destructible types may live here: plain structs, string_views into the arena, spans of such.
// Pointers into an arena never own and stay valid as long as the arena does. One thread at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace flow::lang {

class Arena {
public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  template <typename T, typename... Arguments> T* make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T>, "the arena runs no destructors");
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Arguments>(arguments)...};
  }

  /// The same elements, owned by the arena.
  template <typename T> std::span<const T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    if (items.empty()) return {};
    void* place = allocate(items.size_bytes(), alignof(T));
    std::memcpy(place, static_cast<const void*>(items.data()), items.size_bytes());
    return {static_cast<const T*>(place), items.size()};
  }

  template <typename T> std::span<const T> copy(const std::vector<T>& items) { return copy(std::span<const T>(items)); }

  std::string_view copy(std::string_view text) {
    std::span<const char> kept = copy(std::span<const char>(text.data(), text.size()));
    return {kept.data(), kept.size()};
  }

private:
  static constexpr size_t block_bytes = 64 * 1024;

  void* allocate(size_t size, size_t alignment) {
    size_t padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
    if (next_ == nullptr || size + padding > static_cast<size_t>(end_ - next_)) {
      add_block(size + alignment);
      padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
    }
    std::byte* place = next_ + padding;
    next_ = place + size;
    return place;
  }

  void add_block(size_t at_least) {
    size_t size = at_least > block_bytes ? at_least : block_bytes;
    blocks_.push_back(std::make_unique<std::byte[]>(size));
    next_ = blocks_.back().get();
    end_ = next_ + size;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
};

} // namespace flow::lang
