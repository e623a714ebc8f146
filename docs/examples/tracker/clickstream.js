(() => {
  const { api, key, consent } = document.currentScript.dataset
  const url = `${api}/collect?key=${encodeURIComponent(key || '')}`
  const IDLE = 18e5, MOST = 20, kept = {}
  let queue = [], timer, allowed = JSON.parse(consent || null)

  // Without storage ids last as pages do.
  const stored = (storage, value) => {
    try {
      if (value) window[storage].clickstream = value
      else value = window[storage].clickstream
    } catch {}
    return kept[storage] = value || kept[storage]
  }
  const id = () => crypto.randomUUID()
  const visitor = () => stored('localStorage') || stored('localStorage', id())
  const session = now => {
    const [last, old] = (stored('sessionStorage') || '0').split(' ')
    const current = now - last < IDLE ? old : id()
    stored('sessionStorage', `${now} ${current}`)
    return current
  }

  // Text needs no preflight; what fails goes again.
  const flush = leaving => {
    timer = clearTimeout(timer)
    while (queue.length) {
      const events = queue.splice(0, MOST)
      const body = JSON.stringify(events.map(one => ({ consent: allowed, ...one })))
      if (leaving && navigator.sendBeacon(url, body)) continue
      const again = () => { queue = [...events, ...queue].slice(0, 500); plan(3e4) }
      fetch(url, { method: 'POST', body, keepalive: true, credentials: 'omit' })
        .then(({ status }) => (status == 429 || status > 499) && again(), again)
    }
  }
  const plan = wait => timer ||= setTimeout(flush, wait)

  const track = (event_name, fields) => {
    const now = Date.now()
    queue.push({
      event_id: id(), event_name, event_time: new Date(now), anonymous_id: visitor(),
      session_id: session(now), url: location.href, referrer: document.referrer, ...fields
    })
    queue.length < MOST ? plan(2e3) : flush()
  }

  addEventListener('visibilitychange', () => document.hidden && flush(true))
  addEventListener('pagehide', () => flush(true))
  window.clickstream = { track, flush, consent: answer => allowed = answer }
  track('page_view')
})()
