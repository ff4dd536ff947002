// Written by tools/coefficients.py (make coefficients).

// (exp(r) - 1) / r where abs(r) <= log(2) / 2
COEFFICIENTS(EXPM1, 0x1.0000000000000p+0, 0x1.00000028794dfp-1, 0x1.5555556750672p-3, 0x1.5554ace120b86p-5, 0x1.1110c63a4eed0p-7, 0x1.6d7531eae5468p-10, 0x1.a15169e096556p-13)

// log(1 + e) / e where 0 <= e <= 1
COEFFICIENTS(LOG1P, 0x1.ffffffffd0cdcp-1, -0x1.ffffff83090a7p-2, 0x1.5555399fff040p-2, -0x1.fffb1dd16699bp-3, 0x1.995f95ec7abe6p-3, -0x1.53b4260c5cffcp-3, 0x1.1cdfb9f191c54p-3, -0x1.cd9fcac54f9c7p-4, 0x1.5065a177b9a83p-4, -0x1.923f3d450e431p-5, 0x1.62447f9e11576p-6, -0x1.8cc7aa9740b75p-8, 0x1.a0d0de7fa0aeap-11)

// (x + 4) exp(x^2 / 2) Phi(-x) of t = (x - 4) / (x + 4), where 0 <= x <= 14
COEFFICIENTS(TAIL, 0x1.82b4bb8c83eb0p-1, -0x1.373e3a8ae6d4cp-1, 0x1.8c6dbf3d3dacap-2, -0x1.7dff2a8554a83p-3, 0x1.eec4c52663e83p-5, -0x1.ee2a61b94ece8p-8, -0x1.c8185cb358d87p-9, 0x1.abd090078ea61p-10, 0x1.1a3645a7aa8b2p-13, -0x1.eabda36339c07p-13, -0x1.f7e312e4618b2p-18, 0x1.2a3cf246751ebp-15, 0x1.14de3f499eb03p-17)

// where the slope of silu is 0
CONSTANT(SILU_ROOT, -0x1.474973c84120bp+0, -0x1.f8d74bc9ac154p-54)

// the slope of silu over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(SILU_SHORT, 0x1.be1410460527fp-3, 0x1.2c56345b729c9p-3, 0x1.353eb56f16efbp-6, -0x1.f2d13804c8c34p-7, -0x1.b0f806b03887cp-8, 0x1.142c40f35e15bp-13, 0x1.a21175a8d8206p-11)

// the slope of silu over d, the distance from its root, where abs(d) <= 0.75
COEFFICIENTS(SILU_LONG, 0x1.be1410460527fp-3, 0x1.2c563458cc0adp-3, 0x1.353eb573ca457p-6, -0x1.f2d0e32bc2994p-7, -0x1.b0f82c498fd2dp-8, 0x1.098e92b8f078ep-13, 0x1.a2a7caf0ee493p-11, 0x1.8574d136d4851p-13, -0x1.57238dc9e4186p-15, -0x1.f2d89765db42cp-16, -0x1.8af40ff04ba41p-19, 0x1.3ae0f745e9284p-19, 0x1.cdb151e71d103p-21, -0x1.061981a0641d3p-25, -0x1.8e003d71c69a5p-24, -0x1.44514dc0f6d96p-26, 0x1.3d826189cca2cp-28, 0x1.91122359bce2ep-29, 0x1.01ff36e7d344cp-32, -0x1.f0cd7ea0ab8a2p-33, -0x1.4081aa7db5ee3p-34, 0x1.5c317b9c81a6fp-38, 0x1.cfccd6b93a3d1p-38, 0x1.c4e9d6a0434a0p-41)

// where the slope of gelu is 0
CONSTANT(GELU_ROOT, -0x1.80ead197f00b4p-1, 0x1.13e74c58cada8p-56)

// the slope of gelu over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(GELU_SHORT, 0x1.b9d98fa5a3215p-2, 0x1.8d9a940ddf711p-2, -0x1.2a2efa10ad847p-6, -0x1.d2f9cbf0985d4p-4, -0x1.e4072d949bc4fp-7, 0x1.3d33ff8df1772p-6, 0x1.2826b1ea8b35fp-8)

// the slope of gelu over d, the distance from its root, where abs(d) <= 0.75
COEFFICIENTS(GELU_LONG, 0x1.b9d98fa5a3215p-2, 0x1.8d9a941de3ac5p-2, -0x1.2a2ef9bb865aep-6, -0x1.d2fa4c17c7e84p-4, -0x1.e4088244f901dp-7, 0x1.3e346def42057p-6, 0x1.297b9d6ffaab5p-8, -0x1.258a6d85633b8p-9, -0x1.8680f74e6a98ep-11, 0x1.86c863b6611d2p-13, 0x1.696109249c086p-14, -0x1.784acad51a62fp-17, -0x1.03fec68e7a326p-17, 0x1.d0c38bc817414p-22, 0x1.322a30f4c71adp-21, -0x1.b906c59c3b320p-30, -0x1.30987217b5694p-25, -0x1.7ff968d560253p-30, 0x1.05802035cbc02p-29, 0x1.3ec92879f64dcp-33, -0x1.86d703f9ede29p-34, -0x1.5a02d21c45d44p-37, 0x1.ceb36d8f0b304p-39, 0x1.072a27db5b995p-41)

// where the slope of gelu_tanh is 0
CONSTANT(GELU_TANH_ROOT, -0x1.81429f9e97e4dp-1, 0x1.4f523ed77dbdcp-55)

// the slope of gelu_tanh over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(GELU_TANH_SHORT, 0x1.b8bacd2c96b91p-2, 0x1.8cd1a2a1af6d2p-2, -0x1.02961657aac81p-6, -0x1.d2b6e8ba8c602p-4, -0x1.1049afeaecad2p-6, 0x1.416452255a2eep-6, 0x1.5721928dc4523p-8)

// the slope of gelu_tanh over d, the distance from its root, where abs(d) <= 0.75
COEFFICIENTS(GELU_TANH_LONG, 0x1.b8bacd2c96b91p-2, 0x1.8cd1a2b2fff33p-2, -0x1.029615edb077cp-6, -0x1.d2b77346470abp-4, -0x1.104a83edc0cf5p-6, 0x1.427996dc249bcp-6, 0x1.58c9ed712d024p-8, -0x1.3d8d64170a8b8p-9, -0x1.e63f293f26872p-11, 0x1.14bf8959c8567p-12, 0x1.04936e6a7d116p-13, -0x1.253bce6bb2fdbp-15, -0x1.0b9c735edadf9p-16, 0x1.8d30ef49deacep-18, 0x1.469bc496c1ddfp-19, -0x1.09b64dfd84d8dp-20, -0x1.ce69c9e8e73b0p-22, 0x1.2ff861ae5153bp-23, 0x1.3ffd98c69bcb1p-24, -0x1.22c25015d071bp-26, -0x1.7d3772489a7e7p-27, 0x1.d2cee1043cc6ep-30, 0x1.2f6548dbb3958p-30, -0x1.0f98d6dfabed8p-33)

// where the slope of mish is 0
CONSTANT(MISH_ROOT, -0x1.31432c0d12d84p+0, -0x1.bf319154da210p-55)

// the slope of mish over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(MISH_SHORT, 0x1.115acb42500bbp-2, 0x1.a34a252bb73f0p-3, 0x1.574f122902c94p-5, -0x1.4c2312b1a00fep-6, -0x1.0336d7421db42p-6, -0x1.b4f27813daca4p-9, 0x1.202e6c89e0c0cp-10)

// the slope of mish over d, the distance from its root, where abs(d) <= 0.75
COEFFICIENTS(MISH_LONG, 0x1.115acb42500bbp-2, 0x1.a34a251d8ad7bp-3, 0x1.574f121a868dbp-5, -0x1.4c222fe64d4fbp-6, -0x1.03369d4ac90efp-6, -0x1.b87ddfb51b7f5p-9, 0x1.1e5e184a0e5dap-10, 0x1.03799182b4f1ep-10, 0x1.0a7954e8d285fp-12, -0x1.5fffa06d3bba6p-15, -0x1.d453af1c3e690p-15, -0x1.223bcced56d81p-16, 0x1.fa20e546b5425p-21, 0x1.866a322b257f1p-19, 0x1.1fac8c7ee6877p-20, 0x1.cdfc861ccd664p-26, -0x1.2f1dce5099360p-23, -0x1.09548965ee948p-24, -0x1.7a8b7c096fdf2p-28, 0x1.bb38818096244p-28, 0x1.d746fb4df5d0ap-29, 0x1.c5b3c8841c583p-32, -0x1.6b2f3ad2f6f4ap-32, -0x1.1e9d7bffed2abp-33)

// where the slope of tanh_exp is 0
CONSTANT(TANH_EXP_ROOT, -0x1.14302c3c10f30p+0, -0x1.b8c761c7b1289p-54)

// the slope of tanh_exp over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(TANH_EXP_SHORT, 0x1.68f6b660942b4p-2, 0x1.4d0848cfe55f9p-2, 0x1.b9cbc11438e2cp-4, -0x1.76cf4d5f72864p-6, -0x1.75eed7c244b41p-5, -0x1.a05596b227155p-6, -0x1.6ad9a4c6e4a65p-8)

// the slope of tanh_exp over d, the distance from its root, where abs(d) <= 0.75
COEFFICIENTS(TANH_EXP_LONG, 0x1.68f6b660942b4p-2, 0x1.4d0848bbb42d2p-2, 0x1.b9cbc0b27ef34p-4, -0x1.76ccc7f75d1ffp-6, -0x1.75ed50eb6f319p-5, -0x1.a1972d506e266p-6, -0x1.70f433c2c91dfp-8, 0x1.6b4739abf1a46p-9, 0x1.bdae4618bc8f6p-9, 0x1.b4407e70a0432p-10, 0x1.3cfbcb2dd54e8p-12, -0x1.a75d2bd762471p-13, -0x1.bc6d5198b8adap-13, -0x1.92cd5fc1193c2p-14, -0x1.efa408434b73cp-17, 0x1.a87e1ffe4d98bp-17, 0x1.903995dc2101bp-17, 0x1.56d662430c481p-18, 0x1.a174167a8d199p-21, -0x1.813a389646ee5p-21, -0x1.a651694dd564bp-21, -0x1.3321b2e9e1eb4p-22, 0x1.496e478d4524ap-24, 0x1.19bf6c16f6ad7p-24)

// sqrt(8 / pi)
CONSTANT(GELU_SCALE, 0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54)

// sqrt(8 / pi) 0.044715
CONSTANT(GELU_CUBE, 0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c70p-61)

// the third form of GELU
CONSTANT(GELU_GATE, 0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55)

// 1 / sqrt(2 pi)
CONSTANT(NORMAL_SCALE, 0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56)

// pi / 4
CONSTANT(QUARTER_PI, 0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55)

// sqrt(1 / 2)
CONSTANT(SQRT_HALF, 0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55)

// of Klambauer et al. 2017
CONSTANT(SELU_LAMBDA, 0x1.0cfabd6a91132p+0, 0x1.6fc7d272f2695p-55)

// minus the limit of SELU
CONSTANT(SELU_LAMBDA_ALPHA, 0x1.c212cc640f031p+0, 0x1.05161b045a1fep-56)
