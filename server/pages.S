/* pages.S - the files that celwatchd serves, put into the program as they are. */
    .section .rodata
    .macro file name path
    .globl \name
    .type \name, @object
\name:
    .incbin "\path"
    .globl \name\()_end
\name\()_end:
    .byte 0
    .size \name, . - \name
    .endm

    file cw_page_html "server/pages/page.html"
    file cw_page_script "server/pages/app.js"
    file cw_page_style "server/pages/app.css"
    file cw_page_openapi "openapi.json"

    .section .note.GNU-stack, "", @progbits
