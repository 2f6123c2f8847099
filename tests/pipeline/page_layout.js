/* What a reader would see of a page: run within a copy of it, writes its findings into the document as JSON. */
(() => {
    const found = {scroll: 0, overlaps: [], broken: [], faint: [], outside: [], texts: 0};
    const root = document.documentElement;
    found.scroll = root.scrollWidth - root.clientWidth;
    const shown = e => e.checkVisibility({opacityProperty: true, visibilityProperty: true});

    /* Colours as numbers, and how far apart two are (WCAG 2: relative luminance). */
    const numbers = c => (c.match(/[\d.]+/g) || []).map(Number);
    const light = c => {
        const [r, g, b] = numbers(c).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const contrast = (a, b) => {
        const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
        return (x + .05) / (y + .05);
    };
    const ground = e => {
        for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (numbers(c).length === 3 || numbers(c)[3] === 1) return c;
        }
        return "rgb(255, 255, 255)";
    };

    /* Every piece of text: the boxes of its lines, its colour, and its words. */
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), boxes = [];
    for (let node; (node = walker.nextNode());) {
        const parent = node.parentElement, text = node.data;
        if (!text.trim() || parent.closest("script,style,title") || !shown(parent)) continue;
        const range = document.createRange(), style = getComputedStyle(parent), svg = parent.closest("svg");
        range.selectNodeContents(node);
        found.texts++;
        for (const r of range.getClientRects())
            if (r.width > 1 && r.height > 1) boxes.push({r, text: text.trim().slice(0, 40), svg});
        const ratio = contrast(svg ? style.fill : style.color, ground(svg ? svg.parentElement : parent));
        if (ratio < 4.5) found.faint.push(`${ratio.toFixed(2)} ${text.trim().slice(0, 40)}`);
        for (const word of text.matchAll(/[\p{L}\p{N}]+/gu)) {
            if (word[0].length > 20) continue; /* as long as a line can be */
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            const tops = new Set([...range.getClientRects()].filter(r => r.width > 0).map(r => Math.round(r.top)));
            if (tops.size > 1 && !/[\u3000-\u9fff]/.test(word[0])) found.broken.push(word[0]);
        }
    }
    boxes.sort((a, b) => a.r.top - b.r.top);
    for (let i = 0; i < boxes.length; i++) {
        const a = boxes[i];
        if (a.r.right > root.clientWidth + 1 || a.r.left < -1) found.outside.push(a.text);
        if (a.svg) {
            const s = a.svg.getBoundingClientRect();
            if (a.r.right > s.right + 1 || a.r.left < s.left - 1 || a.r.bottom > s.bottom + 1 || a.r.top < s.top - 1)
                found.outside.push(a.text);
        }
        for (let j = i + 1; j < boxes.length && boxes[j].r.top < a.r.bottom; j++) {
            const b = boxes[j], x = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
            const y = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
            const slack = .3 * Math.min(a.r.height, b.r.height); /* boxes of lines are taller than their letters */
            if (x > 1.5 && y > slack) found.overlaps.push(`${a.text} | ${b.text}`);
        }
    }
    const out = document.createElement("pre");
    out.id = "findings";
    out.textContent = JSON.stringify(found);
    document.body.append(out);
})();
