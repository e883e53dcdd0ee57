"""How Numba makes machine code of kernels, and of the functions in them."""

from __future__ import annotations

from typing import Any

from numba import _dynfunc
from numba.core import codegen, compiler, lowering, typed_passes
from numba.core.compiler_machinery import register_pass


class _Lowering(lowering.Lower):
    """Numba's, which also asks for the widest vectors that there are.

    Tuned for Intel's first processors with AVX-512, LLVM halves its vectors there, for code that uses them now and
    then.  Kernels do little else: loops over activations then take up to half as long.
    """

    def lower_normal_function(self, fndesc: Any) -> None:
        super().lower_normal_function(fndesc)
        for function in self.module.functions:
            if not function.is_declaration:
                # Past the check of llvmlite's set, which knows no attribute with a value.  Processors whose widest
                # vectors are shorter use those; LLVM for other processors than x86 does not read it.
                set.add(function.attributes, '"prefer-vector-width"="512"')


@register_pass(mutates_CFG=True, analysis_only=False)
class _KernelLowering(typed_passes.NativeLowering):
    _name = "multilayer_kernel_lowering"

    @property
    def lowering_class(self) -> Any:
        return _Lowering


class _InnerLibrary(codegen.JITCodeLibrary):
    """The code of a function inside a kernel, which is optimised and becomes machine code with the kernel.

    Numba would do both for each function, and again for each that calls it: two thirds of the time to compile.
    """

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _InnerLowering(_KernelLowering):
    _name = "multilayer_inner_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _InnerLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        result = state["cr"]
        # Numba knows a compiled function by an object of this type.  With no machine code behind it, as with
        # no_cpython_wrapper in general, it is not to be called from Python.
        entry = _dynfunc.make_function(
            result.fndesc.lookup_module(), state.func_id.func_name, "", 0, result.env, (state.library,)
        )
        state.targetctx.insert_user_function(entry, result.fndesc, [state.library])
        state["cr"] = result._replace(cfunc=entry)
        return True


class KernelCompiler(compiler.CompilerBase):
    """Numba's steps, with the lowering above."""

    lowering: Any = _KernelLowering

    def define_pipelines(self) -> list[Any]:
        builder = compiler.DefaultPassBuilder
        pipeline = compiler.PassManager("nopython")
        parts = (
            builder.define_untyped_pipeline,
            builder.define_typed_pipeline,
            builder.define_nopython_lowering_pipeline,
        )
        for part in parts:
            for step, text in part(self.state).passes:
                pipeline.add_pass(self.lowering if step is typed_passes.NativeLowering else step, text)
        pipeline.finalize()
        return [pipeline]


class InnerCompiler(KernelCompiler):
    """For a function that only compiled code calls."""

    lowering = _InnerLowering
