// What pages ask of the browser beyond what Blazor does: the clipboard, the focus, and telling of a lost connection.
(function () {
  'use strict';
  window.backlinks = {
    copy: function (text) {
      return navigator.clipboard ? navigator.clipboard.writeText(text).then(function () { return true; }, function () { return false; }) : false;
    },
    focusHeading: function () {
      var heading = document.querySelector('main h1');
      if (heading) heading.focus({ preventScroll: true });
      scrollTo(0, 0);
    },
    showDialog: function (id) {
      var dialog = document.getElementById(id);
      if (dialog && !dialog.open) dialog.showModal();
    },
    closeDialog: function (id) {
      var dialog = document.getElementById(id);
      if (dialog && dialog.open) dialog.close();
    }
  };
  document.addEventListener('click', function (e) {
    if (!(e.target instanceof Element)) return;
    if (e.target.closest('[data-reload]')) {
      e.preventDefault();
      location.reload();
    }
    if (e.target.closest('[data-skip]')) { // not a navigation: the address stays as it is
      e.preventDefault();
      document.getElementById('content').focus();
    }
    document.querySelectorAll('details[data-menu][open]').forEach(function (menu) {
      if (!menu.contains(e.target)) menu.open = false;
    });
  }, true);
  document.addEventListener('keydown', function (e) {
    if (e.key === 'Escape') document.querySelectorAll('details[data-menu][open]').forEach(function (menu) {
      menu.open = false;
      menu.querySelector('summary').focus();
    });
  });
  var modal = document.getElementById('components-reconnect-modal');
  modal.addEventListener('components-reconnect-state-changed', function (e) {
    modal.dataset.state = e.detail.state;
    if (e.detail.state === 'hide') modal.close();
    else if (!modal.open) modal.showModal();
  });
})();
