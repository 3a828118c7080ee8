"""Pages of people. Those of django-allauth are listed one by one: what is not listed is not there."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import path, re_path

from tidegate.server.people import key_pages, managing_pages, pages
from tidegate.server.people.access import ACCOUNT, PUBLIC, open_to

public, own = open_to(PUBLIC), open_to(ACCOUNT)

urlpatterns = [
    path("", pages.home, name="home"),
    path("people/", pages.people, name="people"),
    path("people/invite/", managing_pages.invitation, name="invitation"),
    path("people/invite/send", managing_pages.invite, name="invite"),
    path("person/<str:name>/", managing_pages.person, name="person"),
    path("person/<str:name>/change", managing_pages.change, name="change_person"),
    path("person/<str:name>/let-in", managing_pages.let_in, name="let_in"),
    path("person/<str:name>/link", managing_pages.new_link, name="new_link"),
    path(
        "person/<str:name>/second-factors",
        managing_pages.forget_second_factors,
        name="forget_second_factors",
    ),
    path("keys/", key_pages.keys, name="keys"),
    path("keys/make", key_pages.make, name="make_key"),
    path("keys/revoke", key_pages.revoke, name="revoke_key"),
    path("account/", pages.account, name="account"),
    path("account/login/", public(account.login), name="account_login"),
    path("account/logout/", public(account.logout), name="account_logout"),
    path("account/inactive/", public(account.account_inactive), name="account_inactive"),
    path("account/reauthenticate/", own(account.reauthenticate), name="account_reauthenticate"),
    path("account/password/change/", own(account.password_change), name="account_change_password"),
    path("account/password/set/", own(account.password_set), name="account_set_password"),
    re_path(
        r"^account/password/choose/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        public(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/chosen/",
        public(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("account/2fa/", own(second_factor.index), name="mfa_index"),
    path("account/2fa/authenticate/", public(second_factor.authenticate), name="mfa_authenticate"),
    path("account/2fa/reauthenticate/", own(second_factor.reauthenticate), name="mfa_reauthenticate"),
    path("account/2fa/totp/activate/", own(totp.activate_totp), name="mfa_activate_totp"),
    path("account/2fa/totp/deactivate/", own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path(
        "account/2fa/recovery-codes/", own(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"
    ),
    path(
        "account/2fa/recovery-codes/generate/",
        own(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/2fa/recovery-codes/download/",
        own(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("account/2fa/webauthn/", own(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("account/2fa/webauthn/add/", own(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path(
        "account/2fa/webauthn/reauthenticate/",
        own(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "account/2fa/webauthn/keys/<int:pk>/remove/",
        own(webauthn.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path("account/2fa/webauthn/keys/<int:pk>/edit/", own(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("account/oidc/cancelled/", public(social.login_cancelled), name="socialaccount_login_cancelled"),
    path("account/oidc/error/", public(social.login_error), name="socialaccount_login_error"),
    path("account/oidc/<slug:provider_id>/login/", public(oidc.login), name="openid_connect_login"),
    path(
        "account/oidc/<slug:provider_id>/login/callback/",
        public(oidc.callback),
        name="openid_connect_callback",
    ),
]
