// PageWarmer: has pages there before tasks write into them (FlowHost::expect_pages). Its thread begins with the first
// request and ends when there is none left; a job whose state is small never has one.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace flow::runtime {

class PageWarmer {
public:
  PageWarmer() = default;
  ~PageWarmer();
  PageWarmer(const PageWarmer&) = delete;
  PageWarmer& operator=(const PageWarmer&) = delete;

  // Any thread. Does not wait.
  void expect(void* begin, uint64_t bytes);

private:
  struct Range {
    void* begin;
    uint64_t bytes;
  };
  void start();
  void run();

  std::mutex mutex_;
  std::vector<Range> ranges_; // guarded by mutex_, as all below
  bool is_running_ = false;
  std::optional<pthread_t> thread_;
};

} // namespace flow::runtime
