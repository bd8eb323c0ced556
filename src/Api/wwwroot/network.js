// Moves and zooms a drawing of NetworkGraph.razor, and walks it by keys. Text from the page goes into textContent only.
export function attach(figure) {
    const svg = figure?.querySelector("svg");
    if (!svg || svg.dataset.attached) return;
    svg.dataset.attached = "1";
    const world = svg.querySelector("[data-world]"), tell = figure.querySelector("[data-tell]"), tools = figure.querySelector(".network-tools");
    const nodes = [...svg.querySelectorAll("[data-node]")];
    const box = svg.viewBox.baseVal;
    let view = { x: 0, y: 0, scale: 1 }, drag = null;

    const show = () => world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    const point = event => {
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
        return { x: at.x, y: at.y };
    };
    const zoom = (factor, about = { x: box.width / 2, y: box.height / 2 }) => {
        const scale = Math.min(12, Math.max(0.5, view.scale * factor)), by = scale / view.scale;
        view = { x: about.x - (about.x - view.x) * by, y: about.y - (about.y - view.y) * by, scale };
        show();
    };
    const reset = () => { view = { x: 0, y: 0, scale: 1 }; show(); };
    const about = node => {
        tell.textContent = node.getAttribute("aria-label");
        const at = node.dataset.node;
        svg.classList.add("telling");
        for (const other of svg.querySelectorAll(".near")) other.classList.remove("near");
        node.classList.add("near");
        for (const line of svg.querySelectorAll(`[data-from="${at}"],[data-to="${at}"]`)) {
            line.classList.add("near");
            nodes[line.dataset.from === at ? line.dataset.to : line.dataset.from]?.classList.add("near");
        }
    };
    const leave = () => svg.classList.remove("telling");
    const into = node => { // keep what has the focus in sight
        const r = node.getBoundingClientRect(), s = svg.getBoundingClientRect();
        if (r.left < s.left || r.right > s.right || r.top < s.top || r.bottom > s.bottom) {
            const middle = point({ clientX: (r.left + r.right) / 2, clientY: (r.top + r.bottom) / 2 });
            view = { ...view, x: view.x + box.width / 2 - middle.x, y: view.y + box.height / 2 - middle.y };
            show();
        }
    };

    // One stop for the tab key; arrows go to the nearest node that way.
    const go = index => { nodes.forEach((n, i) => n.setAttribute("tabindex", i === index ? "0" : "-1")); };
    go(0);
    const middle = node => { const b = node.querySelector("circle,rect").getBoundingClientRect(); return { x: (b.left + b.right) / 2, y: (b.top + b.bottom) / 2 }; };
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    svg.addEventListener("keydown", event => {
        const at = nodes.indexOf(event.target.closest("[data-node]"));
        if (event.key === "+" || event.key === "=") zoom(1.3);
        else if (event.key === "-") zoom(1 / 1.3);
        else if (event.key === "0") reset();
        else if (event.key === "Home" && at >= 0) { go(0); nodes[0].focus(); }
        else if (ways[event.key] && at >= 0) {
            const from = middle(nodes[at]), [wx, wy] = ways[event.key];
            let best = -1, least = Infinity;
            nodes.forEach((node, i) => {
                const to = middle(node), dx = to.x - from.x, dy = to.y - from.y, along = dx * wx + dy * wy, aside = Math.abs(dx * wy) + Math.abs(dy * wx);
                const cost = along + 2 * aside;
                if (i !== at && along > 0.5 && cost < least) { least = cost; best = i; }
            });
            if (best >= 0) { go(best); nodes[best].focus(); }
        } else return;
        event.preventDefault();
    });
    for (const node of nodes) {
        node.addEventListener("pointerenter", () => about(node));
        node.addEventListener("pointerleave", leave);
        node.addEventListener("focus", () => { about(node); into(node); });
        node.addEventListener("blur", leave);
        node.addEventListener("dragstart", event => event.preventDefault());
    }
    svg.addEventListener("wheel", event => {
        if (!event.ctrlKey && document.activeElement?.closest("figure") !== figure && !event.shiftKey) return; // a page scrolls; ctrl, shift or the focus zoom
        event.preventDefault();
        zoom(Math.exp(-event.deltaY / 400), point(event));
    }, { passive: false });
    svg.addEventListener("pointerdown", event => { if (event.button === 0) drag = { at: point(event), from: { ...view }, moved: false, id: event.pointerId }; });
    svg.addEventListener("pointermove", event => {
        if (!drag) return;
        const at = point(event);
        if (!drag.moved && Math.hypot(at.x - drag.at.x, at.y - drag.at.y) < 4) return;
        if (!drag.moved) svg.setPointerCapture(drag.id);
        drag.moved = true;
        view = { ...view, x: drag.from.x + at.x - drag.at.x, y: drag.from.y + at.y - drag.at.y };
        show();
    });
    const drop = () => { if (drag?.moved) svg.addEventListener("click", event => event.preventDefault(), { capture: true, once: true }); drag = null; };
    svg.addEventListener("pointerup", drop);
    svg.addEventListener("pointercancel", () => { drag = null; });
    tools.hidden = false;
    tools.addEventListener("click", event => {
        const how = event.target.closest("[data-zoom]")?.dataset.zoom;
        if (how === "in") zoom(1.4);
        else if (how === "out") zoom(1 / 1.4);
        else if (how === "all") reset();
    });
}
