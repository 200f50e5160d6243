// What a reader does with a report: models are pointed at, walked through and opened, columns chosen. Everything that it
// shows comes from the page: the JSON of #run-data (report_data.hpp), and the folds of the front's models. Texts are only
// ever set as text.
(() => {
  const svgName = 'http://www.w3.org/2000/svg';
  const byId = id => document.getElementById(id);
  const data = byId('run-data') && JSON.parse(byId('run-data').textContent);
  const remembered = (() => {  // over a reload; nothing where the browser keeps nothing
    const key = 'harmonic ' + location.pathname;
    try {
      const before = JSON.parse(sessionStorage.getItem(key) || '{}');
      return { before, keep: now => sessionStorage.setItem(key, JSON.stringify(now)) };
    } catch {
      return { before: {}, keep: () => {} };
    }
  })();

  const element = (name, attributes = {}, text = '') => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const drawn = (name, attributes, text) => {
    const made = document.createElementNS(svgName, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  if (data) {
    const { columns, modalities } = data;
    const models = data.models.map(([id, onFront, values, genotype, genomes]) =>
      ({ id, onFront: !!onFront, values, genotype, genomes }));
    const byModel = new Map(models.map(model => [model.id, model]));
    const number = value => value === null ? '–' : String(+value.toPrecision(6));

    // Shapes and dashes tell models apart, not colours alone.
    const looks = [['M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z', 'none'], ['M-4.6 -4.6h9.2v9.2h-9.2z', '7 4'],
      ['M0 -6l5.6 10h-11.2z', '2 4'], ['M0 -6.4l6.4 6.4l-6.4 6.4l-6.4 -6.4z', '10 4 2 4'],
      ['M0 6l5.6 -10h-11.2z', '14 5'], ['M-2 -5.8h4v3.8h3.8v4h-3.8v3.8h-4v-3.8h-3.8v-4h3.8z', '4 2'],
      ['M-5.8 0l2.9 -5h5.8l2.9 5l-2.9 5h-5.8z', '10 4 2 4 2 4'], ['M-5 -5.6h10l-10 11.2h10z', '1 3']];

    // ---- What is said of a model that is pointed at.
    const told = byId('told'), hint = told.textContent;
    told.hidden = false;
    const summary = model => `model ${model.id}${model.onFront ? ', on the front' : ''}\n` + columns
      .map((column, c) => [column, model.values[c]]).filter(([column, value]) => value !== null && column.better)
      .map(([column, value]) => `${column.label}: ${number(value)}`).join('; ');
    let marked = null;
    const mark = id => {
      if (id === marked) return;
      for (const old of document.querySelectorAll('[data-model].chosen')) old.classList.remove('chosen');
      marked = id;
      if (id !== null)
        for (const now of document.querySelectorAll(`[data-model="${CSS.escape(id)}"]`)) now.classList.add('chosen');
      const model = byModel.get(id);
      told.textContent = model ? `${summary(model)}\n${model.genotype}` : hint;
    };

    // ---- A model, opened beside its mark: #model-7.
    const dialog = element('dialog', { id: 'shown', 'aria-labelledby': 'shown-name' });
    const tools = element('div', { class: 'card-tools' }), inside = element('div', { class: 'inside' });
    const name = element('h2', { id: 'shown-name' });
    const close = element('button', { type: 'button' }, 'Close');
    tools.append(name, close);
    dialog.append(tools, inside);
    document.body.append(dialog);
    let putBack = () => {};
    const rowOf = model => {
      const list = element('dl', { class: 'row' });
      const add = (label, value, long) => {
        const pair = element('div', long ? { class: 'long' } : {});
        pair.append(element('dt', {}, label), element('dd', {}, value));
        list.append(pair);
      };
      columns.forEach((column, c) => { if (model.values[c] !== null) add(column.label, number(model.values[c])); });
      add('fusion', model.genotype, true);
      model.genomes.forEach((genome, m) => add(`backbone of ${modalities[m]}`, genome, true));
      return list;
    };
    const show = id => {
      const model = byModel.get(id);
      putBack();
      putBack = () => {};
      if (!model) {
        if (dialog.open) dialog.close();
        return;
      }
      mark(id);
      name.textContent = `Model ${id}${model.onFront ? ', on the front' : ''}`;
      inside.replaceChildren(rowOf(model));
      const fold = byId(`model-${id}`);
      if (fold) {
        const parts = fold.lastElementChild;
        inside.append(...parts.childNodes);
        putBack = () => { while (inside.childNodes.length > 1) parts.append(inside.childNodes[1]); };
      } else {
        inside.append(element('p', { class: 'note' },
          'Others dominate it: its picture and its parts are kept for models of the front alone. harmonic show --model ' +
          `${id} tells its parts, and draws it.`));
      }
      if (!dialog.open) dialog.showModal();
      dialog.scrollTop = 0;
    };
    const asked = () => location.hash.startsWith('#model-') ? decodeURIComponent(location.hash.slice(7)) : null;
    const open = id => {  // without the jump to its fold that a new location.hash is
      history.pushState(null, '', `#model-${encodeURIComponent(id)}`);
      show(id);
    };
    document.addEventListener('click', event => {
      const link = event.target instanceof Element && event.target.closest('a[href^="#model-"]');
      if (!link) return;
      event.preventDefault();
      open(decodeURIComponent(link.getAttribute('href').slice(7)));
    });
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => {
      putBack();
      putBack = () => {};
      if (asked() !== null) history.replaceState(null, '', location.pathname + location.search);
      const back = document.querySelector('svg.plot [data-model].was-at');
      if (back) back.focus({ preventScroll: true });
    });
    addEventListener('popstate', () => show(asked()));

    // ---- Marks are pointed at, clicked, and walked through by keys.
    const markOf = node => node instanceof Element ? node.closest('svg.plot [data-model]') : null;
    const goTo = mark_ => {
      const plot = mark_.closest('svg.plot');
      for (const old of document.querySelectorAll('.was-at')) old.classList.remove('was-at');
      mark_.classList.add('was-at');
      for (const old of plot.querySelectorAll('[data-model][tabindex="0"]')) old.setAttribute('tabindex', -1);
      mark_.setAttribute('tabindex', 0);
      mark_.setAttribute('role', 'button');
      mark_.setAttribute('aria-label', `model ${mark_.dataset.model}`);
      mark_.focus();
    };
    document.addEventListener('pointerover', event => {
      const at = markOf(event.target);
      if (at) mark(at.dataset.model);
    });
    document.addEventListener('focusin', event => {
      const at = markOf(event.target);
      if (at) mark(at.dataset.model);
    });
    document.addEventListener('click', event => {
      const at = markOf(event.target);
      if (!at) return;
      goTo(at);
      open(at.dataset.model);
    });
    const middle = node => { const box = node.getBoundingClientRect(); return box.left + box.width / 2; };
    document.addEventListener('keydown', event => {
      const at = markOf(document.activeElement);
      if (!at || dialog.open) return;
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        goTo(at);
        return open(at.dataset.model);
      }
      if (event.key === 'Escape') return mark(null);
      const plot = at.closest('svg.plot');
      const kind = at.classList.contains('faint') ? 'faint' : 'strong', other = kind === 'faint' ? 'strong' : 'faint';
      const row = [...plot.querySelectorAll(`[data-model].${kind}`)], place = row.indexOf(at);
      const beside = () => [...plot.querySelectorAll(`[data-model].${other}`)]
        .reduce((best, mark_) => best && Math.abs(middle(best) - middle(at)) <= Math.abs(middle(mark_) - middle(at)) ?
          best : mark_, null);
      const to = { ArrowRight: () => row[place + 1], ArrowLeft: () => row[place - 1], Home: () => row[0],
        End: () => row[row.length - 1], ArrowDown: () => kind === 'strong' && beside(),
        ArrowUp: () => kind === 'faint' && beside() }[event.key];
      if (!to) return;
      event.preventDefault();
      const found = to();
      if (found) goTo(found);
    });
    const enterable = plot => {  // one mark of a plot is reached by Tab, the others from it
      const first = plot.querySelector('[data-model].strong') || plot.querySelector('[data-model]');
      if (!first || plot.querySelector('[data-model][tabindex="0"]')) return;
      first.setAttribute('tabindex', 0);
      first.setAttribute('role', 'button');
      first.setAttribute('aria-label', `model ${first.dataset.model}`);
    };

    // ---- Any two columns.
    const ticks = (lo, hi, count) => {
      const rough = (hi - lo) / count, power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough * (1 - 1e-9));
      const found = [];
      for (let k = Math.ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; ++k) found.push(+(k * step).toPrecision(12));
      return found;
    };
    const range = column => {
      const known = models.map(model => model.values[column]).filter(value => value !== null);
      const lo = Math.min(...known), hi = Math.max(...known);
      const extent = hi > lo ? hi - lo : Math.max(Math.abs(hi) * 0.1, 1e-3);
      return { lo: lo - 0.06 * extent, hi: hi + 0.06 * extent, least: lo, most: hi };
    };
    const plotted = byId('explored'), across = byId('across'), up = byId('up');
    const explore = () => {
      const left = 78, right = 544, top = 24, bottom = 290, cx = +across.value, cy = +up.value;
      const rx = range(cx), ry = range(cy);
      const x = value => left + (value - rx.lo) / (rx.hi - rx.lo) * (right - left);
      const y = value => bottom - (value - ry.lo) / (ry.hi - ry.lo) * (bottom - top);
      const parts = [];
      for (const tick of ticks(ry.lo, ry.hi, 6))
        parts.push(drawn('line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
          drawn('text', { 'text-anchor': 'end', x: left - 8, y: y(tick) + 4 }, String(tick)));
      for (const tick of ticks(rx.lo, rx.hi, 7))
        parts.push(drawn('line', { class: 'axis', x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 4 }),
          drawn('text', { 'text-anchor': 'middle', x: x(tick), y: bottom + 18 }, String(tick)));
      parts.push(drawn('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom }),
        drawn('text', { 'text-anchor': 'middle', x: (left + right) / 2, y: 330 }, columns[cx].label),
        drawn('text', { 'text-anchor': 'middle', transform: `translate(16 ${(top + bottom) / 2}) rotate(-90)` },
          columns[cy].label));
      const known = models.filter(model => model.values[cx] !== null && model.values[cy] !== null)
        .sort((a, b) => a.onFront - b.onFront || a.values[cx] - b.values[cx]);
      for (const model of known) {
        const [at, high] = [x(model.values[cx]), y(model.values[cy])];
        parts.push(model.onFront ?
          drawn('path', { class: 'strong', 'data-model': model.id,
            d: `M${at.toFixed(1)} ${high.toFixed(1)}m0 -6.4l6.4 6.4l-6.4 6.4l-6.4 -6.4z` }) :
          drawn('circle', { class: 'faint', 'data-model': model.id, cx: at.toFixed(1), cy: high.toFixed(1), r: 3 }));
      }
      plotted.replaceChildren(...parts);
      enterable(plotted);
    };
    for (const [select, chosen] of [[across, remembered.before.across], [up, remembered.before.up]]) {
      columns.forEach((column, c) => select.append(element('option', { value: c }, column.label)));
      const first = select === up ? 0 : Math.max(0, columns.findIndex(column => column.better < 0));
      select.value = columns[chosen] ? chosen : first;
      select.addEventListener('change', explore);
    }

    // ---- All columns at once: an axis a row, so that names fit a telephone.
    const together = byId('parallel');
    const parallel = () => {
      const left = 24, right = 536, top = 34, apart = 62;
      const rows = columns.map((column, c) => c)
        .filter(c => columns[c].better && !/^(metric_val_se|metric_val_first|predicted)$/.test(columns[c].name));
      const axes = rows.map((c, r) => {
        const { least, most } = range(c), width = most - least || 1;
        const share = value => columns[c].better > 0 ? (value - least) / width : (most - value) / width;
        return { c, y: top + r * apart, least, most, x: value => left + (most > least ? share(value) : 0.5) * (right - left) };
      });
      const line = model => axes.filter(({ c }) => model.values[c] !== null)
        .map(({ c, x, y }, i) => `${i ? 'L' : 'M'}${x(model.values[c]).toFixed(1)} ${y}`).join('');
      const parts = [drawn('path', { class: 'others', d: models.filter(model => !model.onFront).map(line).join('') })];
      for (const { c, y, least, most } of axes) {
        const up_ = columns[c].better > 0;
        parts.push(drawn('line', { class: 'axis', x1: left, x2: right, y1: y, y2: y }),
          drawn('text', { class: 'name', x: left, y: y - 12 }, columns[c].label),
          drawn('text', { class: 'ends', x: left, y: y + 15 }, number(up_ ? least : most)),
          drawn('text', { class: 'ends', x: right, y: y + 15, 'text-anchor': 'end' }, number(up_ ? most : least)));
      }
      models.filter(model => model.onFront).forEach((model, place) => {
        const [shape, dashes] = looks[place % looks.length];
        const look = `s${place % looks.length}`;
        parts.push(drawn('path', { class: `over strong ${look}`, 'data-model': model.id, 'stroke-dasharray': dashes,
          d: line(model) }));
        for (const { c, x, y } of axes) {
          if (model.values[c] === null) continue;
          const group = drawn('g', { class: `mark ${look}`, 'data-model': model.id,
            transform: `translate(${x(model.values[c]).toFixed(1)} ${y})` });
          group.append(drawn('path', { d: shape }));
          parts.push(group);
        }
      });
      together.setAttribute('viewBox', `0 0 560 ${top + (axes.length - 1) * apart + 30}`);
      together.replaceChildren(...parts);
      enterable(together);
    };

    byId('explorer').hidden = false;
    document.body.classList.add('interactive');
    explore();
    parallel();
    for (const plot of document.querySelectorAll('svg.plot')) enterable(plot);
    show(asked());
  }

  // ---- Paper shows what is folded away, too.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')];
    for (const fold of opened) fold.open = true;
  });
  addEventListener('afterprint', () => { for (const fold of opened) fold.open = false; });

  // ---- The page of a search that goes on loads itself again, where its reader was.
  const goesOn = byId('goes-on');
  if (!goesOn) return;
  const folds = [...document.querySelectorAll('details')];
  const { open = [], scroll } = remembered.before;
  for (const place of open) if (folds[place]) folds[place].open = true;
  if (scroll) scrollTo(0, scroll);
  const old_s = Date.now() / 1000 - Number(goesOn.dataset.written);
  if (old_s > 600) {
    goesOn.textContent += ' That was more than ten minutes ago: the search may have been stopped or killed, and the page ' +
      'waits no longer.';
    return;
  }
  setTimeout(() => {
    remembered.keep({ scroll: scrollY, across: byId('across')?.value, up: byId('up')?.value,
      open: folds.flatMap((fold, place) => fold.open ? [place] : []) });
    location.reload();
  }, 60000);
})();
