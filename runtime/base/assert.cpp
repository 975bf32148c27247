#include "runtime/base/assert.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace flow::runtime {
namespace {

// One line of at most 512 bytes, so that lines of several threads do not mix.
struct Line {
  char text[512];
  size_t length = 0;

  void add(std::string_view part) {
    size_t fitting = part.size() < sizeof(text) - length ? part.size() : sizeof(text) - length;
    memcpy(text + length, part.data(), fitting);
    length += fitting;
  }

  void add_number(unsigned value) {
    char digits[16];
    size_t count = 0;
    do {
      digits[sizeof(digits) - ++count] = static_cast<char>('0' + value % 10);
    } while ((value /= 10) != 0);
    add({digits + sizeof(digits) - count, count});
  }
};

} // namespace

void assertion_failed(const char* file, int line, const char* condition, std::string_view sentence) noexcept {
  Line text;
  text.add("flow: internal error: ");
  text.add(sentence);
  text.add(" [");
  text.add(condition);
  text.add("] at ");
  text.add(file);
  text.add(":");
  text.add_number(static_cast<unsigned>(line));
  text.add("\n");
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text.text, text.length);
  abort();
}

} // namespace flow::runtime
