# Warnings, sanitizers and coverage for every target of the project.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wundef -Wformat=2 -fno-math-errno -ffp-contract=off)
add_compile_definitions(_GNU_SOURCE)
if(WINNOW_WERROR)
  add_compile_options(-Werror)
endif()
if(WINNOW_SANITIZE)
  # -g1: reports name lines; following variables takes a fifth of the time to compile
  add_compile_options(-fsanitize=${WINNOW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${WINNOW_SANITIZE})
endif()
if(WINNOW_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
