"""Updaters that a network writes: the encoder of a set of events, and the LSTM of steps."""

from dataclasses import replace

import numpy as np
import torch

from metarec.meta.updaters import ANIL, LearnedUpdater, NeuralProcess
from metarec.meta.updaters.anil import LastLayer
from metarec.meta.updaters.decision import Dense
from metarec.meta.updaters.learned_updater import READ, UNITS

from .decisions import WIDTH, D, alone, people, prior_of, task_of, terms_of, updater_of, whitened


def test_the_encoder_says_what_a_loop_over_events_says():
    updater, support = updater_of(NeuralProcess), people()
    x, start = whitened(updater)
    told = updater.numbers
    scores = updater.adapt(terms_of(), support, prior_of(updater)).scores()
    for row in range(7):
        own = alone(support, row)
        z, g, s, n = np.zeros(D), np.zeros(WIDTH), 1.0, 1.0
        for item, target, b in zip(own.rows, own.targets, own.precisions, strict=True):
            h = x[item] + told["B"] @ np.maximum(told["A"] @ x[item], 0)
            surprise = target - h @ start.w
            event = np.append(x[item] / np.linalg.norm(x[item]), surprise)
            z, s, n = z + b * surprise * h, s + b * h @ h, n + b
            g = g + b * np.maximum(told["E"] @ event, 0)
        units = np.maximum(told["K"] @ np.concatenate([z / s, g / n]), 0)
        w = start.w + told["gain"] * z / s + told["G"] @ units
        expected = Dense(start.A, start.B, w).scores(x)
        np.testing.assert_allclose(scores[row], expected, atol=1e-8)


def test_an_encoder_at_its_start_is_one_gradient_step_from_the_prior():
    encoder, step = (
        updater_of(kind, landmarks=0, plain=True, steps=1, rate=1.0)
        for kind in (NeuralProcess, ANIL)
    )
    step = replace(step, numbers={name: encoder.numbers[name] for name in ("A", "B")})
    prior = prior_of(step)
    np.testing.assert_allclose(
        encoder.adapt(terms_of(), people(), prior).scores(),
        step.adapt(terms_of(), people(), prior).scores(),
        atol=1e-12,
    )


def test_written_steps_are_those_of_an_lstm_of_pytorch_for_each_coordinate():
    updater, support = updater_of(LearnedUpdater), people()
    x, start = whitened(updater)
    told, loop = updater.numbers, updater.loop
    cell = torch.nn.LSTMCell(READ, UNITS).double()
    order = np.r_[0:UNITS, UNITS : 2 * UNITS, 3 * UNITS : 4 * UNITS, 2 * UNITS : 3 * UNITS]
    with torch.no_grad():  # its gates are input, forget, cell, output
        cell.weight_ih.copy_(torch.from_numpy(told["lstm"][:READ, order].T))
        cell.weight_hh.copy_(torch.from_numpy(told["lstm"][READ:, order].T))
        cell.bias_ih.copy_(torch.from_numpy(told["lstm_bias"][order]))
        cell.bias_hh.zero_()
    scores = updater.adapt(terms_of(), support, prior_of(updater)).scores()
    task = task_of(updater, support)
    for row in range(7):
        layer = LastLayer.of(task, start)
        bound, w, state = layer.bound[row], start.w, None
        for _ in range(loop.steps):
            slope = layer.slope(w)[row]
            theta = Dense(start.A, start.B, w)
            loss = task.loss(theta, task.unmoved(start))[row] / bound
            read = np.stack([small(slope), small(np.full(D, loss)), w - start.w], axis=1)
            with torch.no_grad():
                state = cell(torch.from_numpy(read), state)
            said = state[0].numpy()
            gate = 2 / (1 + np.exp(-said @ told["gate"]))
            w = w - loop.rate * gate * slope + (1 - 1 / bound) * said @ told["step"]
        expected = Dense(start.A, start.B, w).scores(x)
        np.testing.assert_allclose(scores[row], expected, atol=1e-9)


def small(numbers: np.ndarray) -> np.ndarray:
    return np.sign(numbers) * np.log(1 + np.abs(numbers) / 0.01) / 5


def test_a_learned_updater_starts_as_anil():
    written, step = (updater_of(kind, plain=True) for kind in (LearnedUpdater, ANIL))
    step = replace(step, numbers={name: written.numbers[name] for name in ("A", "B")})
    prior = prior_of(step)
    np.testing.assert_allclose(
        written.adapt(terms_of(), people(), prior).scores(),
        step.adapt(terms_of(), people(), prior).scores(),
        atol=1e-12,
    )
