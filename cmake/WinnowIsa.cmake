# wn_isa_source(TARGET FILE ISA [FLAG ...]): adds FILE to TARGET, compiled for an instruction set, and defines
# WN_HAVE_<ISA> for TARGET. Where the compiler or the processor family has no such set, neither.
# A new instruction set is one line here, one file a family of kernels, and one row in the family's table.
include(CheckCCompilerFlag)
set(WN_ISA_FLAGS_AVX2 -mavx2 -mfma)
set(WN_ISA_FLAGS_AVX512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)
set(WN_ISA_FLAGS_AVX512_VNNI ${WN_ISA_FLAGS_AVX512} -mavx512vnni)
set(WN_ISA_FLAGS_AVX512_BF16 ${WN_ISA_FLAGS_AVX512} -mavx512bf16)
set(WN_ISA_FLAGS_AVX512_FP16 ${WN_ISA_FLAGS_AVX512} -mavx512fp16)
set(WN_ISA_FLAGS_AMX_BF16 -mamx-tile -mamx-bf16)

function(wn_isa_source target file isa)
  string(JOIN " " flags ${WN_ISA_FLAGS_${isa}})
  check_c_compiler_flag("${flags}" WINNOW_CC_${isa})
  if(WINNOW_CC_${isa})
    target_sources(${target} PRIVATE ${file})
    target_compile_definitions(${target} PRIVATE WN_HAVE_${isa})
    # kernels are optimised in every build
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "-O3;${WN_ISA_FLAGS_${isa}};${ARGN}")
  endif()
endfunction()
