// Questions, each with the address that answers it and an answer in two sentences. docs/tests/test_explorer.py
// computes each number of an answer anew.
"use strict";

const QUESTIONS = [
  {
    id: "silu",
    ask: "Where is SiLU’s minimum?",
    address: "curve=silu&x=-1.2784645427610738&w=4",
    answer: "At x = −1.2785, where it is −0.2785: there the gradient, dashed, crosses 0. Its size is one less than that of x, as x f′ = f (1 + x − f) makes f = 1 + x there.",
  },
  {
    id: "sigmoid",
    ask: "Why does a 20-layer sigmoid net not learn?",
    address: "curve=sigmoid&view=depth",
    answer: "Each layer hands back 0.236 of the gradient, as the slope of a sigmoid is nowhere above ¼, so that 3·10⁻¹³ of it is left after 20. And two inputs with a correlation of 0.5 have one of 0.9997 after three layers: the net cannot tell them apart.",
  },
  {
    id: "gelu",
    ask: "How do GELU’s two forms differ?",
    address: "curve=gelu&curve=gelu,approximate:tanh&view=difference&x=-2.7",
    answer: "The lines lie on one another; their difference, on its own scale below, is largest at ±2.70, with 0.00047. For float32 that is much: switch to ULP and see more than 10,000 units at x = −1, and no digit left beyond −5.",
  },
  {
    id: "swish",
    ask: "What does β do to Swish?",
    address: "curve=swish,beta:0&curve=swish&curve=swish,beta:10&curve=relu&x=-1",
    answer: "β bends a line into ReLU: at 0 it is x/2, at 1 it is SiLU, and at 10 it is nowhere more than 0.028 from ReLU. Its minimum moves with 1/β, and gets shallower in step: −0.2785/β at x = −1.2785/β.",
  },
  {
    id: "relu",
    ask: "Why √2 for ReLU?",
    address: "curve=relu&view=depth&n=50&s=√2",
    answer: "ReLU drops half of the mean square, and weights with the scale √2 double it: signal and gradient come through 50 layers unchanged, at the edge of chaos. At 1 each layer would keep 0.7071 of both, and 3·10⁻⁸ would be left.",
  },
  {
    id: "selu",
    ask: "What does SELU keep by itself?",
    address: "curve=selu&curve=tanh&view=depth&n=50",
    answer: "With the scale 1 (LeCun) the signal of SELU stays 1 through 50 layers, while that of tanh fades to 0.10. The gradient of SELU grows a little in each layer, by a factor of 1.035.",
  },
  {
    id: "hard",
    ask: "Where can a hard sigmoid not learn?",
    address: "curve=hard_sigmoid&curve=sigmoid&x=3&show=gradient",
    answer: "Below −3 and above 3 its gradient is exactly 0, and no input from there moves a weight. The sigmoid’s gradient is small there, 0.045 at 3, but never 0.",
  },
  {
    id: "torch",
    ask: "What does PyTorch’s GELU lose?",
    address: "curve=gelu&x=-5&view=difference&unit=ulp&diff=A-torch",
    answer: "It computes 1 + erf(x/√2) in float32, which cancels on the left: at x = −5 it is more than 100,000 units in the last place off. From 0 on it is within 2.",
  },
];
