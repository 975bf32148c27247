/* The vocabulary's bitcode, as data of flowc. A file of its own: a compiler cache refuses files that include binaries. */
    .section .rodata
    .balign 16
    .global flow_vocabulary_begin
flow_vocabulary_begin:
    .incbin FLOW_VOCABULARY_BC
    .global flow_vocabulary_end
flow_vocabulary_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
