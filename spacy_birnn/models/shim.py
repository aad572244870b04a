"""Carry a torch module inside a thinc model.

Thinc's own shim lacks: weights as safetensors with a JSON header (a module can be
rebuilt from its file alone, and nothing is unpickled), averages that reach the torch
weights, row-sparse updates, and prediction without switching the mode of a shared
module (several threads may predict at once).
"""

import contextlib
import copy
from operator import attrgetter
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Tuple,
    TypeVar,
    cast,
)

import torch
from thinc.api import (
    Model,
    Optimizer,
    PyTorchShim,
    get_torch_default_device,
    torch2xp,
    xp2torch,
)
from thinc.shims.shim import Shim
from torch import Tensor, nn

from ..errors import BirnnError, Errors
from ..nn.backward import backward
from ..nn.full_precision import full_precision
from .forks import make_fork_safe
from .module_bytes import dump_module, load_module
from .rows import averaged_rows, is_row_sparse, update_rows

Made = TypeVar("Made")

_address, _n_changes = Tensor.data_ptr, attrgetter("_version")


class _Prepared(NamedTuple):
    """Something that a shim has prepared for prediction.

    Attributes:
        key: the state of the weights, and the factory with its arguments.
        value: that the factory returned.
        alive: the weights. As long as they live, no others can have their addresses,
            which are part of the state.
    """

    key: Tuple[Any, ...]
    value: Any
    alive: List[Tensor]


class TorchShim(PyTorchShim):
    """A torch module that is built when its sizes are known, or read from a file.

    The module stays in train mode for good (cuDNN computes gradients in no other):
    everything random is switched by arguments of its `forward`.

    Args:
        build: makes the module from keyword arguments that JSON can hold. A function of
            a module, so that the shim can be copied and sent to another process.
    """

    def __init__(self, build: Callable[..., nn.Module]):
        super().__init__(None)
        self._build = build
        self._set(None, {})
        self._prepared: Optional[_Prepared] = None
        self._version = object()  # a copy, and what is unpickled, has one of its own
        make_fork_safe()

    @property
    def module(self) -> nn.Module:
        if self._model is None:
            raise BirnnError(Errors.B001.format(what="The model"))
        return self._model

    @property
    def args(self) -> Dict[str, Any]:
        """The arguments that the module was made with; none before."""
        return self._args

    @property
    def device(self) -> torch.device:
        return self._parameters()[0].device

    @property
    def is_on_gpu(self) -> bool:
        return self._parameters()[0].is_cuda

    @property
    def version(self) -> object:
        """Another object after every training step, loading or `forget`. Quick to ask,
        but writes that only torch knows of are not noticed (`prepared` does)."""
        return self._version

    def prepared(self, make: Callable[..., Made], *args: Any) -> Made:
        """Make something of the module for prediction, once for the weights it has.

        It is the same object until the weights may have changed. Not noticed are
        weights that others than this class write to past torch, through `.data` or a
        numpy view, and submodules that are replaced: call `forget` then.

        Args:
            make: takes the module and `args`.
        """
        weights = self._parameters()
        state = (self._version, *map(_address, weights), *map(_n_changes, weights))
        kept = self._prepared  # read in one go: several threads may predict
        if kept is None or kept.key != (state, make, args):
            made = make(self.module, *args)
            alive = [param.data for param in weights]
            self._prepared = kept = _Prepared((state, make, args), made, alive)
        return kept.value

    def forget(self) -> None:
        """Prepare anew what prediction needs: weights or submodules have changed."""
        self._set(self._model, self._args)
        self._changed()

    def _changed(self) -> None:
        self._version = object()

    def __getstate__(self) -> Dict[str, Any]:
        """A copy prepares its own."""
        return {**self.__dict__, "_prepared": None}

    def _parameters(self) -> List[nn.Parameter]:
        if self._model is None:
            raise BirnnError(Errors.B001.format(what="The model"))
        return [p for owned in self._owned for p in owned.values() if p is not None]

    def _set(self, module: Optional[nn.Module], args: Dict[str, Any]) -> None:
        self._model, self._args = module, args
        # To walk through a module takes long beside the prediction of one sentence.
        submodules = [] if module is None else module.modules()
        self._owned = [part._parameters for part in submodules if part._parameters]

    @torch.inference_mode(False)
    def create(self, **args: Any) -> None:
        """Build the module with fresh weights on the device that thinc uses."""
        self._changed()
        self._set(self._build(**args).to(get_torch_default_device()), args)

    @torch.inference_mode(False)
    def grow(self, **args: Any) -> None:
        """Build the module with other arguments, and keep the weights that it has.

        A tensor that is larger now keeps them in its first rows and columns; the others
        are fresh. To an optimizer it is another module: moments and averages of the
        smaller one do not fit.

        Args:
            args: those that change.
        """
        args = {**self._args, **args}
        weights, module = self.module.state_dict(), self._build(**args)
        with torch.no_grad():
            for name, tensor in module.state_dict().items():
                tensor[tuple(map(slice, weights[name].shape))] = weights[name]
        self._set(module.to(self.device), args)
        self._changed()
        self._take_new_id()

    def __call__(self, inputs: Tuple[Any, ...], is_train: bool):
        if is_train:
            return self.begin_update(inputs)
        return self.predict(inputs), no_backprop

    def predict(self, inputs: Any) -> Tensor:
        """Run the module on positional arguments, without gradients."""
        with torch.no_grad(), self._float32():
            return self.module(*inputs)

    def begin_update(self, inputs: Any):
        """Run the module; the callback takes d output and accumulates gradients."""
        with self._changing(), torch.enable_grad(), self._float32():
            output = self.module(*inputs)  # which notes what it meets in training

        def backprop(d_output: Tensor) -> None:
            with self._float32():
                backward(output, d_output)

        return output.detach(), backprop

    def _float32(self) -> contextlib.AbstractContextManager:
        return full_precision() if self.is_on_gpu else contextlib.nullcontext()

    # --- training ---------------------------------------------------------------------

    def finish_update(self, optimizer: Optimizer) -> None:
        """Apply the accumulated gradients with thinc's optimizer, then forget them."""
        with self._changing():
            for name, param in self.module.named_parameters():
                if param.grad is not None:
                    self._update(optimizer, (self.id, name), param)
                    param.grad = None

    def _update(self, optimizer: Optimizer, key: Any, param: nn.Parameter) -> None:
        if cast(Tensor, param.grad).is_sparse:
            update_rows(optimizer, key, param)
            return
        data, grad = torch2xp(param.data), torch2xp(cast(Tensor, param.grad))
        weights, _ = optimizer(key, cast(Any, data), cast(Any, grad))
        updated = xp2torch(weights, device=param.device)
        if updated.data_ptr() != param.data_ptr():
            param.data.copy_(updated)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Weights are written to, past torch. What another thread prepares of them
        meanwhile is not valid afterwards, nor is what was prepared before."""
        try:
            yield
        finally:
            self._changed()

    @contextlib.contextmanager
    def use_params(self, params: Dict[Any, Any]) -> Iterator[None]:
        """Run with other weights, such as the optimizer's averages, for a while."""
        named = [] if self._model is None else list(self._model.named_parameters())
        backup = []
        for name, param in named:
            key = (self.id, name)
            if key in params:
                averaged = params[key]
                if is_row_sparse(params, key):
                    averaged = averaged_rows(params, key, torch2xp(param.data))
                backup.append((param, param.data))
                param.data = xp2torch(averaged, device=param.device)
        self._changed()
        try:
            yield
        finally:
            with self._changing():
                for param, weights in backup:
                    param.data = weights

    def copy(self) -> "TorchShim":
        """A deep copy with an id of its own: the optimizer must not mix the two up."""
        copied = copy.deepcopy(self)
        copied._take_new_id()
        return copied

    def _take_new_id(self) -> None:
        with Shim.global_id_lock:
            Shim.global_id += 1
            self.id = Shim.global_id

    # --- serialization ----------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """Safetensors whose metadata rebuild the module; empty if unbuilt."""
        if self._model is None:
            return b""
        return dump_module(self._model, self._args)

    @torch.inference_mode(False)
    def from_bytes(self, bytes_data: bytes) -> "TorchShim":
        """Rebuild the module and its weights.

        Raises:
            BirnnError: the bytes are cut, altered or of an unknown format.
        """
        self._changed()
        if not bytes_data:
            self._set(None, {})
            return self
        module, args = load_module(self._build, bytes_data)
        self._set(module.to(get_torch_default_device()), args)
        return self


def shim_of(model: Model) -> TorchShim:
    """The shim of a node of ours."""
    return cast(TorchShim, model.shims[0])


def is_on_gpu(model: Model) -> bool:
    """Whether the module of a node of ours lies on a GPU."""
    return shim_of(model).is_on_gpu


def forget(model: Model) -> None:
    """Let prediction forget all that it keeps of a model's weights and words.

    Needed only after weights were written to past torch, through `.data` or a numpy
    view, or after submodules were replaced; every other change is noticed.
    """
    for node in model.walk():
        for shim in node.shims:
            if isinstance(shim, TorchShim):
                shim.forget()


def no_backprop(d_output: Any) -> None:
    """The callback of a prediction."""
