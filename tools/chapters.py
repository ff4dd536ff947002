"""Which page of the collection teaches a family of the catalog."""

CHAPTERS = {
    "sigmoids": "01_sigmoids",
    "rectifiers": "02_rectifiers",
    "shrinkage": "02_rectifiers",
    "exponential units": "03_exponential_units",
    "smooth gates": "04_smooth_gates",
    "periodic units": "04_smooth_gates",
    "gated units": "05_gated_units_and_maxout",
    "output layers": "06_match_the_output_layer",
}
