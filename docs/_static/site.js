// What is too wide scrolls by itself, never the page: where it does, the keyboard reaches it.
"use strict";

window.addEventListener("load", () => {
  const wide = "mjx-container[display='true'], .bd-article table, .explorer-table, .cell_output .output, .highlight pre";
  const reach = () => {
    for (const box of document.querySelectorAll(wide)) {
      if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "auto") box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  new ResizeObserver(reach).observe(document.getElementById("main-content"));
});

// On the page of the search: of several finds on a page the best, which come the worst first; summaries quote the
// article alone, and without a server there are none to fetch.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  const all = Search._performSearch;
  Search._performSearch = (...asked) => {
    const seen = new Set();
    return all(...asked).reverse().filter(([page]) => !seen.has(page) && seen.add(page)).reverse();
  };
  const theirs = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const article = new DOMParser().parseFromString(html, "text/html").querySelector("article");
    if (!article) return theirs(html, anchor);
    article.querySelectorAll(".headerlink, script, style").forEach((part) => part.remove());
    return (anchor && article.querySelector(anchor)?.textContent) || article.textContent;
  };
});
