from django.urls import path

from .views import case, form, keys, status

urlpatterns = [
    path("report/", form.start, name="report_start"),
    path("report/files/", form.files, name="report_files"),
    path("report/check/", form.check, name="report_check"),
    path("report/done/", form.done, name="report_done"),
    path("report/note/", form.note, name="report_note"),
    path("report/leave/", form.leave, name="report_leave"),
    path("report/<slug:step>/", form.step, name="report_step"),
    path("status/", status.sign_in, name="status"),
    path("status/page/", status.page, name="status_page"),
    path("status/message/", status.message, name="status_message"),
    path("status/add/", status.add, name="status_add"),
    path("status/passing/", status.passing, name="status_passing"),
    path("status/withdraw/", status.withdraw, name="status_withdraw"),
    path("status/close/", status.close, name="status_close"),
    path("reports/case/<uuid:public_id>/", case.panel, name="case_reports"),
    path("reports/<uuid:public_id>/message/", case.message, name="report_message"),
    path("reports/<uuid:public_id>/element/<slug:kind>/", case.element, name="report_element"),
    path("keys/", keys.listing, name="api_keys"),
    path("keys/new/", keys.create, name="api_key_create"),
    path("keys/<uuid:public_id>/revoke/", keys.revoke, name="api_key_revoke"),
]
