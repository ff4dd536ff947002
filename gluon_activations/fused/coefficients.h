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

// the slope of silu over d, the distance from its root, where abs(d) <= 0.5
COEFFICIENTS(SILU_LONG, 0x1.be1410460527fp-3, 0x1.2c563458cc0adp-3, 0x1.353eb573ca457p-6, -0x1.f2d0e32bc2994p-7, -0x1.b0f82c498fd21p-8, 0x1.098e92b8f0745p-13, 0x1.a2a7caf0ed011p-11, 0x1.8574d136d54aep-13, -0x1.57238dc7b593ap-15, -0x1.f2d89766683dbp-16, -0x1.8af412095f065p-19, 0x1.3ae0f781c4cb4p-19, 0x1.cdb19fd094891p-21, -0x1.061a00b851897p-25, -0x1.8e0e2d98ba05cp-24, -0x1.444bff248b702p-26, 0x1.40869dec0a0fdp-28, 0x1.908811f27d238p-29, 0x1.4937a8afc311ap-33, -0x1.e1668157817adp-33)

// where the slope of gelu is 0
CONSTANT(GELU_ROOT, -0x1.80ead197f00b4p-1, 0x1.13e74c58cada8p-56)

// the slope of gelu over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(GELU_SHORT, 0x1.b9d98fa5a3215p-2, 0x1.8d9a940ddf711p-2, -0x1.2a2efa10ad847p-6, -0x1.d2f9cbf0985d4p-4, -0x1.e4072d949bc4fp-7, 0x1.3d33ff8df1772p-6, 0x1.2826b1ea8b35fp-8)

// the slope of gelu over d, the distance from its root, where abs(d) <= 0.5
COEFFICIENTS(GELU_LONG, 0x1.b9d98fa5a3215p-2, 0x1.8d9a941de3ac5p-2, -0x1.2a2ef9bb865aep-6, -0x1.d2fa4c17c7e84p-4, -0x1.e4088244f9014p-7, 0x1.3e346def42057p-6, 0x1.297b9d6ffa709p-8, -0x1.258a6d8563482p-9, -0x1.8680f74e3a6b5p-11, 0x1.86c863b675f3bp-13, 0x1.6961090df9bd0p-14, -0x1.784acae8c3749p-17, -0x1.03fec017ce722p-17, 0x1.d0c3a24dd261cp-22, 0x1.3227e84278f79p-21, -0x1.b986669c47858p-30, -0x1.301b75b0dbe72p-25, -0x1.7e43e2bd49275p-30, 0x1.ed4c07d1821b1p-30, 0x1.24b4406bc5943p-33)

// where the slope of gelu_tanh is 0
CONSTANT(GELU_TANH_ROOT, -0x1.81429f9e97e4dp-1, 0x1.4f523ed77dbdcp-55)

// the slope of gelu_tanh over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(GELU_TANH_SHORT, 0x1.b8bacd2c96b91p-2, 0x1.8cd1a2a1af6d2p-2, -0x1.02961657aac81p-6, -0x1.d2b6e8ba8c602p-4, -0x1.1049afeaecad2p-6, 0x1.416452255a2eep-6, 0x1.5721928dc4523p-8)

// the slope of gelu_tanh over d, the distance from its root, where abs(d) <= 0.5
COEFFICIENTS(GELU_TANH_LONG, 0x1.b8bacd2c96b91p-2, 0x1.8cd1a2b2fff33p-2, -0x1.029615edb077ep-6, -0x1.d2b77346470abp-4, -0x1.104a83edc0bb3p-6, 0x1.427996dc24977p-6, 0x1.58c9ed7118cf4p-8, -0x1.3d8d641703097p-9, -0x1.e63f292c9c5c5p-11, 0x1.14bf895358e3ap-12, 0x1.049369c4598aap-13, -0x1.253bcb508729fp-15, -0x1.0b9b114c89f55p-16, 0x1.8d30082a3ee47p-18, 0x1.465b6b305b315p-19, -0x1.09a1a028de7bap-20, -0x1.c75ff6fcbeeecp-22, 0x1.2dbc4b07fe279p-23, 0x1.090c360860805p-24, -0x1.004f1346d51d9p-26)

// where the slope of mish is 0
CONSTANT(MISH_ROOT, -0x1.31432c0d12d84p+0, -0x1.bf319154da210p-55)

// the slope of mish over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(MISH_SHORT, 0x1.115acb42500bbp-2, 0x1.a34a252bb73f0p-3, 0x1.574f122902c94p-5, -0x1.4c2312b1a00fep-6, -0x1.0336d7421db42p-6, -0x1.b4f27813daca4p-9, 0x1.202e6c89e0c0cp-10)

// the slope of mish over d, the distance from its root, where abs(d) <= 0.5
COEFFICIENTS(MISH_LONG, 0x1.115acb42500bbp-2, 0x1.a34a251d8ad7bp-3, 0x1.574f121a868dcp-5, -0x1.4c222fe64d4fbp-6, -0x1.03369d4ac91a1p-6, -0x1.b87ddfb51b7bfp-9, 0x1.1e5e184a3127fp-10, 0x1.03799182b528dp-10, 0x1.0a7954dadc9dfp-12, -0x1.5fffa07134e7cp-15, -0x1.d453a8a2990d6p-15, -0x1.223bcc36a556ap-16, 0x1.fa1232b384bb3p-21, 0x1.8669f1c02f377p-19, 0x1.1fd609cfaea48p-20, 0x1.ceccbbca1ef58p-26, -0x1.3391890b38cdfp-23, -0x1.0a1b3dc1dad7fp-24, -0x1.a05a6bd83281fp-30, 0x1.d612b322ada8bp-28)

// where the slope of tanh_exp is 0
CONSTANT(TANH_EXP_ROOT, -0x1.14302c3c10f30p+0, -0x1.b8c761c7b1289p-54)

// the slope of tanh_exp over d, the distance from its root, where abs(d) <= 0.125
COEFFICIENTS(TANH_EXP_SHORT, 0x1.68f6b660942b4p-2, 0x1.4d0848cfe55f9p-2, 0x1.b9cbc11438e2cp-4, -0x1.76cf4d5f72864p-6, -0x1.75eed7c244b41p-5, -0x1.a05596b227155p-6, -0x1.6ad9a4c6e4a65p-8)

// the slope of tanh_exp over d, the distance from its root, where abs(d) <= 0.5
COEFFICIENTS(TANH_EXP_LONG, 0x1.68f6b660942b4p-2, 0x1.4d0848bbb42d2p-2, 0x1.b9cbc0b27ee7dp-4, -0x1.76ccc7f75d281p-6, -0x1.75ed50eb66089p-5, -0x1.a1972d506a7d1p-6, -0x1.70f433cec1624p-8, 0x1.6b4739a699f8fp-9, 0x1.bdae482f9c42ep-9, 0x1.b4407f765d3d8p-10, 0x1.3cfaeb0a038abp-12, -0x1.a75da1c8fe7f4p-13, -0x1.bc5e83382b445p-13, -0x1.92c520ead3637p-14, -0x1.f49de7795e1dap-17, 0x1.a70a768eb8c6bp-17, 0x1.a0c2667c05304p-17, 0x1.60eda13d5f5e0p-18, -0x1.44b697d10e5adp-23, -0x1.1131ce1b90e4cp-20)

// sqrt(8 / pi)
CONSTANT(GELU_SCALE, 0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54)

// sqrt(8 / pi) 0.044715
CONSTANT(GELU_CUBE, 0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c70p-61)

// the third form of GELU
CONSTANT(GELU_GATE, 0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55)

// sqrt(1 / 2)
CONSTANT(SQRT_HALF, 0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55)

// of Klambauer et al. 2017
CONSTANT(SELU_LAMBDA, 0x1.0cfabd6a91132p+0, 0x1.6fc7d272f2695p-55)

// minus the limit of SELU
CONSTANT(SELU_LAMBDA_ALPHA, 0x1.c212cc640f031p+0, 0x1.05161b045a1fep-56)
