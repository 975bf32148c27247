#include "compiler/driver/run.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

namespace flow::driver {

std::string become(const std::string& executable, const std::string& name, const std::vector<std::string>& arguments) {
  int file = open(executable.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "cannot open " + executable + ": " + std::strerror(errno);
  unlink(executable.c_str());
  std::vector<char*> words = {const_cast<char*>(name.c_str())};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  fexecve(file, words.data(), environ);
  return "cannot start the job: " + std::string(std::strerror(errno));
}

std::string draw_svg(const std::string& dot_text, std::string& svg) {
  llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName("dot");
  if (!program) return "svg needs graphviz, which is not on this machine; `--format dot` prints the graph's text";
  llvm::SmallString<128> in, out;
  int in_file = -1;
  if (llvm::sys::fs::createTemporaryFile("flow-explain", "dot", in_file, in)) return "no temporary file can be made";
  llvm::raw_fd_ostream(in_file, true) << dot_text;
  if (llvm::sys::fs::createTemporaryFile("flow-explain", "svg", out)) return "no temporary file can be made";
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(*program, {*program, "-Tsvg", "-o", out, in}, std::nullopt, {}, 60, 0, &problem);
  auto drawn = llvm::MemoryBuffer::getFile(out);
  llvm::sys::fs::remove(in);
  llvm::sys::fs::remove(out);
  if (code != 0 || !drawn) return "graphviz failed: " + problem;
  svg = (*drawn)->getBuffer().str();
  return {};
}

} // namespace flow::driver
