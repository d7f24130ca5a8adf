// The schema that tlc knows without being given a folder.
    .section .rodata

    .macro embedded name, file
    .global tlc_\name
    .global tlc_\name\()_end
tlc_\name:
    .incbin "\file"
tlc_\name\()_end:
    .byte 0
    .endm

    embedded history, "tl/schema/history.tsv"
    embedded mtproto, "tl/schema/mtproto.tl"
    embedded secrets, "tl/schema/secrets.txt"

    .section .note.GNU-stack, "", %progbits
