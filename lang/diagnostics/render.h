// Diagnostics as text for a person:
//
//   job.flow:3:11: error: no field `drivr_id` in this row [unknown-name]
//     | key drivr_id
//           ^~~~~~~~
//   job.flow:1:1: note: the row is made here
//   help: did you mean `driver_id`?
#pragma once

#include <string>

#include "lang/diagnostics/diagnostics.h"
#include "lang/source/source_file.h"

namespace flow::lang {

struct RenderOptions {
  bool colour = false; // escape codes for a terminal
};

std::string render(const Diagnostic& diagnostic, const SourceFiles& files, RenderOptions options = {});

/// All that was reported, by file and place, and whether errors were left out.
std::string render_all(const DiagnosticEmitter& emitter, const SourceFiles& files, RenderOptions options = {});

/// Whether the file descriptor is a terminal that wants colour (and NO_COLOR is not set).
bool is_colour_terminal(int file_descriptor);

} // namespace flow::lang
