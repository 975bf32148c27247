// The vocabulary as one bitcode module: the bodies of the hot half and the declarations of everything else, so that
// flowc reads the types of all functions from here. Never compiled natively.
#include "runtime/vocabulary/rows.cpp"
#include "runtime/vocabulary/tables.cpp"

// A declaration that nobody uses would not be in the module: this list uses them all. flowc drops it with whatever
// else of the module is not needed.
extern "C" void* const flow_vocabulary_declarations[];
extern "C" void* const flow_vocabulary_declarations[] = {
    reinterpret_cast<void*>(&flow_fail),
    reinterpret_cast<void*>(&flow_fail_at),
    reinterpret_cast<void*>(&flow_forgive),
    reinterpret_cast<void*>(&flow_rt_row_failed),
    reinterpret_cast<void*>(&flow_rt_count_late),
    reinterpret_cast<void*>(&flow_rt_decode),
    reinterpret_cast<void*>(&flow_rt_sink_record),
};
