// Typeset formulas: JSON of [[tex, display], …] comes in; what goes out is {formulas: [html or {error}], css}.
"use strict";

const [folder, fonts] = process.argv.slice(2);
const load = ["input/tex-full", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"];
const formatError = (jax, error) => {
  throw error;
};
// Without these two packages what TeX does not know is an error, not a red word on the page.
const tex = { packages: { "[-]": ["noundefined", "noerrors"] }, formatError };

require(`${folder}/node-main.js`)
  .init({ loader: { load, paths: { mathjax: folder }, versionWarnings: false }, tex, chtml: { fontURL: fonts } })
  .then(({ startup, tex2chtml, chtmlStylesheet }) => {
    const { adaptor } = startup;
    const formulas = JSON.parse(require("fs").readFileSync(0, "utf-8")).map(([formula, display]) => {
      try {
        return adaptor.outerHTML(tex2chtml(formula, { display }));
      } catch (error) {
        return { error: error.message };
      }
    });
    process.stdout.write(JSON.stringify({ formulas, css: adaptor.textContent(chtmlStylesheet()) }));
  });
