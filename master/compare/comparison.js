// Marks take the focus: arrows lead along a front and to the next one; a mark's model is told, and marked in every
// plot.
(() => {
  const all = [...document.querySelectorAll('svg.plot .mark')];
  const told = document.getElementById('told');
  const hint = told.textContent;
  const tell = mark => {
    told.textContent = mark ? mark.querySelector('title').textContent : hint;
    for (const other of all) other.classList.toggle('chosen', !!mark && other.dataset.name === mark.dataset.name);
  };
  const x = mark => mark.transform.baseVal.consolidate().matrix.e;
  for (const plot of document.querySelectorAll('svg.plot')) {
    const marks = all.filter(mark => plot.contains(mark));
    const shown = () => marks.filter(mark => !mark.classList.contains('off'));
    const enter = mark => marks.forEach(other => { other.tabIndex = other === mark ? 0 : -1; });
    const go = mark => { enter(mark); mark.focus(); tell(mark); };
    for (const mark of marks) {
      mark.addEventListener('focus', () => tell(mark));
      mark.addEventListener('pointerenter', () => tell(mark));
      mark.addEventListener('click', () => go(mark));
    }
    plot.addEventListener('keydown', event => {
      const at = document.activeElement;
      if (!marks.includes(at)) return;
      const series = [...new Set(shown().map(mark => mark.dataset.series))];
      const of = name => shown().filter(mark => mark.dataset.series === name);
      const front = of(at.dataset.series), place = front.indexOf(at);
      const beside = step => of(series[series.indexOf(at.dataset.series) + step] ?? '')
        .sort((a, b) => Math.abs(x(a) - x(at)) - Math.abs(x(b) - x(at)))[0];
      const to = { ArrowRight: front[place + 1], ArrowLeft: front[place - 1], ArrowDown: beside(1), ArrowUp: beside(-1),
        Home: front[0], End: front[front.length - 1] }[event.key];
      if (event.key === 'Escape') tell(null);
      if (to) { event.preventDefault(); go(to); }
    });
    plot.addEventListener('toggled', () => { if (shown().length) enter(shown()[0]); });
  }
  for (const button of document.querySelectorAll('.legend button'))
    button.addEventListener('click', () => {
      const off = button.getAttribute('aria-pressed') === 'true';
      button.setAttribute('aria-pressed', String(!off));
      for (const part of document.querySelectorAll(`svg.plot [data-series="${button.dataset.series}"]`))
        part.classList.toggle('off', off);
      for (const plot of document.querySelectorAll('svg.plot')) plot.dispatchEvent(new Event('toggled'));
    });
})();
