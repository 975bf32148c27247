// Writing the records of a sink in line: the values one behind the other into the output's batch, with what stands
// between them in one piece, as its format has it (runtime/vocabulary/encoding.h).
#pragma once

#include "codegen/function_emitter.h"

namespace flow::codegen {

/// The row as a record of the output, which is that of `connector`. REQUIRES: connector.encodes_inline.
void emit_record(FunctionEmitter& function, const plan::Connector& connector, uint32_t output, const Row& row);

} // namespace flow::codegen
