"""Numba compiler pipelines for kernels and for the functions inside them."""

from __future__ import annotations

from typing import Any

from numba import _dynfunc
from numba.core import codegen, compiler, lowering, typed_passes
from numba.core.compiler_machinery import register_pass


class _Lowering(lowering.Lower):
    """Numba's lowering, which also requests the widest vectors of the processor.

    On Intel processors with AVX-512, LLVM uses vectors of half the width by default, which suits code that uses them
    only occasionally.  Kernels use little else: with full vectors, loops over activations take up to half as long.
    """

    def lower_normal_function(self, fndesc: Any) -> None:
        super().lower_normal_function(fndesc)
        for function in self.module.functions:
            if not function.is_declaration:
                # This bypasses the check in llvmlite's set, which rejects attributes with a value.  Processors with
                # shorter vectors use their widest; on processors other than x86, LLVM ignores the attribute.
                set.add(function.attributes, '"prefer-vector-width"="512"')


class _InnerLibrary(codegen.JITCodeLibrary):
    """The code of a function inside a kernel, which is optimised and compiled to machine code with the kernel.

    Numba would do both for each function, and again for each caller, which takes two thirds of the compile time.
    """

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class KernelLibrary(_InnerLibrary):
    """The code of a kernel and of the functions inside it, which becomes an object file."""

    def machine_code(self) -> bytes:
        """Optimise the code and return an object file."""
        self.finalize()
        codegen.JITCodeLibrary._optimize_final_module(self)
        self._final_module.verify()
        machine_code: bytes = self._codegen._tm.emit_object(self._final_module)
        return machine_code

    def calls(self) -> set[str]:
        """Return the names of the functions that the object file calls and does not contain."""
        return {
            function.name
            for function in self._final_module.functions
            if function.is_declaration and not function.name.startswith("llvm.")
        }


@register_pass(mutates_CFG=True, analysis_only=False)
class _InnerLowering(typed_passes.NativeLowering):
    _name = "multilayer_inner_lowering"
    _library: Any = _InnerLibrary

    @property
    def lowering_class(self) -> Any:
        return _Lowering

    def run_pass(self, state: Any) -> bool:
        state.library = self._library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        result = state["cr"]
        # Numba represents a compiled function by an object of this type.  It has no machine code here, so it must not
        # be called from Python, as with no_cpython_wrapper in general.
        entry = _dynfunc.make_function(
            result.fndesc.lookup_module(), state.func_id.func_name, "", 0, result.env, (state.library,)
        )
        state.targetctx.insert_user_function(entry, result.fndesc, [state.library])
        state["cr"] = result._replace(cfunc=entry)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _KernelLowering(_InnerLowering):
    _name = "multilayer_kernel_lowering"
    _library = KernelLibrary


class InnerCompiler(compiler.CompilerBase):
    """The compiler passes for a function that only compiled code calls."""

    lowering: Any = _InnerLowering

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


class KernelCompiler(InnerCompiler):
    """The compiler passes for a kernel."""

    lowering = _KernelLowering
