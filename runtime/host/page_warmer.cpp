#include "runtime/host/page_warmer.h"

#include "runtime/state/memory.h"

namespace flow::runtime {
namespace {

constexpr size_t stack_bytes = 128 * 1024;

} // namespace

PageWarmer::~PageWarmer() {
  if (thread_) pthread_join(*thread_, nullptr);
}

void PageWarmer::expect(void* begin, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  ranges_.push_back({begin, bytes});
  if (!is_running_) start();
}

void PageWarmer::start() {
  if (thread_) pthread_join(*thread_, nullptr); // it has nothing left to do
  thread_.reset();
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  auto body = [](void* warmer) -> void* {
    static_cast<PageWarmer*>(warmer)->run();
    return nullptr;
  };
  pthread_t thread;
  // Where no thread is to be had, pages come when they are written.
  is_running_ = pthread_create(&thread, &attributes, body, this) == 0;
  if (is_running_) thread_ = thread;
  if (!is_running_) ranges_.clear();
  pthread_attr_destroy(&attributes);
}

void PageWarmer::run() {
  for (;;) {
    Range range;
    {
      std::lock_guard lock(mutex_);
      if (ranges_.empty()) {
        is_running_ = false;
        return;
      }
      range = ranges_.back();
      ranges_.pop_back();
    }
    populate_memory(range.begin, range.bytes);
  }
}

} // namespace flow::runtime
